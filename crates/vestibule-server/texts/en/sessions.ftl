## Where one is signed in.

sessions-title = Your sessions
sessions-about = Every sign-in, on every device. End the ones that you do not know, and change your password if one of them was not you.
sessions-now = Signed in now
sessions-none = No session is open.
sessions-end-others = End all other sessions
sessions-ended = Ended
session-here = This device
session-this = This session
session-open = Signed in
session-end = End
# Behind "End", for those who hear the page.
session-end-which = the session on { $device }, { $address }
session-logout = Log out
session-address = Address
session-created = Signed in
session-last-used = Last used
session-ended-at = Ended
session-carrier = Carrier
session-carrier-cookie = Browser cookie
session-carrier-header = App token

session-end-signed-out = Logged out
session-end-by-user = Ended by you
session-end-replaced = Logged in anew
session-end-password = Password changed
session-end-suspended = Account suspended
session-end-deleted = Account deleted
session-end-by-admin = Ended by the site
session-end-theft = Somebody else had a copy of it
session-end-too-many = Too many devices: this one was unused longest
session-end-idle = Not used for too long

renewals-title = How it was renewed
renewals-about = A session gets new keys every few minutes while it is used. The latest comes first.
renewals-about-cut = A session gets new keys every few minutes while it is used. The latest comes first; what lies further back is not kept.
renewals-none = Nothing yet.
renewal-alarm = Alarm
renewal-times =
    { $count ->
        [one] once
       *[other] { $count } times
    }
renewal-facts = { $when }, { $device }, from { $address }
renewal-facts-span = { $first } to { $when }, { $device }, from { $address }
renewal-advanced = Renewed
renewal-concurrent = Renewed by several requests at once
renewal-lost-answer = Renewed again, because an answer was lost on the way
renewal-theft = An old key was used again: somebody else had a copy of it
renewal-ended = Refused, because the session had ended
renewal-idle = Refused, because the session was not used for too long
renewal-past-end = Refused, because the session had reached its longest life
renewal-not-issued = Refused, because this site had not given it out
renewal-superseded = Refused, because the password had been changed since
sessions-more = More sessions
