## The pages of those who run the site.

admin-rooms = Administration
admin-overview = Overview
admin-accounts = Accounts
admin-audit = Audit trail
admin-mails = Mails
admin-feedback = Feedback
admin-keys = Keys
admin-number = No. { $number }
admin-all = All
admin-search = Search
admin-start = To the beginning
admin-next = Next page
admin-no-entries = Nothing here.
admin-nothing-yet = Nothing yet.

# Behind a figure: 12 accounts.
admin-tile-accounts = accounts
admin-tile-sessions = open sessions
admin-tile-feedback = waiting feedback

chart-by-day = { $title }, day by day
chart-table-follows = The same as a table follows.
chart-table = As a table
chart-day = Day
chart-today = Today
chart-none =
    { $days ->
        [one] None in 1 day.
       *[other] None in { $days } days.
    }
chart-summary =
    { $days ->
        [one] { $all } in 1 day, { $today } of them today.
       *[other] { $all } in { $days } days, { $today } of them today.
    }
chart-summary-none-today =
    { $days ->
        [one] { $all } in 1 day, none of them today.
       *[other] { $all } in { $days } days, none of them today.
    }
chart-sign-ins = Sign-ins
chart-failures = Failed sign-ins
chart-failures-wrong = Wrong
chart-failures-held = Held back
chart-sessions = Sessions
chart-sessions-begun = Begun
chart-sessions-ended = Ended by somebody
chart-renewals = Renewals
chart-renewals-first = First
chart-renewals-at-once = At once
chart-renewals-lost = Answer lost
chart-thefts = Stolen tokens noticed
chart-thefts-series = Thefts
chart-refusals = Refused requests
chart-refusals-not-allowed = Not allowed
chart-refusals-elsewhere = From elsewhere
chart-refusals-too-many = Too many

accounts-query = Name, e-mail or no.
accounts-status = Status
accounts-role = Role
accounts-runs = Runs the site
accounts-super-users = Super users
accounts-none = No account is like this.
accounts-no = No.
accounts-username = User name
accounts-email = E-mail
accounts-roles = Roles
accounts-since = Since
status-active = Active
status-suspended = Suspended
status-deleted = Deleted

user-super-user = Super user
user-you = You
user-verified = E-mail verified
user-unverified = E-mail not verified
user-since = No. { $number }, since { $date }
user-standing = Standing
user-deleted = This account is deleted, and does not come back. Its name is not given out again.
user-deleted-by-owner = Deleted by its owner, who can take that back.
user-deleted-by-site = Deleted by an administrator.
user-deleted-until = What belongs to it is removed for good on { $date }.
user-restore = Bring it back
user-keep-deleted = Keep its owner from taking it back
user-suspend = Suspend
user-activate = Activate
user-reset = Send a password reset
user-reset-whom = to { $name }
user-take-super-user = Take super user
user-make-super-user = Make super user
user-roles = Roles
user-no-roles = No roles.
user-role-take = Take away
user-role-which = the role { $role }
user-role-another = Another role
user-role-give = Give
user-sessions = Sessions
user-device = Device
user-state = State
user-session-which = the session on { $device }
user-end-all = End all sessions
user-end-all-whose = of { $name }
user-no-sessions = No session within the last 30 days.
user-lately = What happened lately
user-all-of-it = All that happened to this account
user-all-by-it = All that it did
user-its-mails = Its mails
user-deleting = Deleting
user-delete-summary = Delete this account
user-delete-text = Deleting ends every session at once. For 14 days an administrator can bring the account back; then what belongs to it is removed for good. The name { $name } is not given out again.
user-delete-sure = Yes, delete this account
user-delete = Delete account
user-session = Session
user-agent = Agent
user-agent-none = Not said
user-session-all = All that happened in this session

audit-what = What
audit-account = Account
audit-actor = Done by
audit-address = From address
audit-session = Session
audit-from-day = From day
audit-to-day = To day
audit-none = Nothing like this has happened.
audit-csv = All of these as a table for a spreadsheet (CSV)
audit-when = When
audit-by = By
audit-from = From
# Before its name.
audit-in-session = session

event-login = Signed in
event-login-fail = Wrong password
event-login-lock = Held back after too many tries
event-password = Password changed
event-token-created = Token made
event-token-revoked = Token revoked
event-token-reuse = Stolen token noticed
event-not-allowed = Not allowed
event-admin = Administration
event-csrf = Request from elsewhere refused
event-rate-limit = Too many requests
event-token-forged = Forged token
event-direct-reference = Asked for something of somebody else
event-session-created = Session began
event-session-renewed = Session renewed
event-session-expired = Renewal refused
event-session-logout = Session ended
event-user-created = Account made
event-user-updated = Account changed
event-user-deleted = Account deleted
event-user-restored = Deleted account brought back
event-startup = Site started
event-shutdown = Site stopped

mails-into-files = No mail server is set ({ $key }): mails are written as files below { $folder } and reach nobody.
mails-state = State
mails-account = Account
mails-written = Written
mails-about = About
mails-to = To
mails-waiting = Waiting
mails-sent = Sent
mails-given-up = Given up
mails-tried =
    { $tries ->
        [one] tried once, next { $when }
       *[other] tried { $tries } times, next { $when }
    }
mails-after =
    { $tries ->
        [one] { $when }, after 1 try
       *[other] { $when }, after { $tries } tries
    }
mails-try-now = Try now
mails-try-which = to send the mail to { $recipient }
mail-kind-verify-address = Verify address
mail-kind-registered-again = Registered again
mail-kind-change-address = Change address
mail-kind-address-asked = Another address asked for
mail-kind-address-taken = Address taken
mail-kind-address-changed = Address changed
mail-kind-password-forgotten = Password forgotten
mail-kind-reset-started = Reset started
mail-kind-password-changed = Password changed
mail-kind-new-device = New device
mail-kind-theft-noticed = Theft noticed
mail-kind-deleted = Deleted
mail-kind-restored = Restored
mail-kind-feedback = Feedback

feedback-waiting = Waiting
feedback-done = Done
feedback-open-again = Open again
feedback-open-which = the feedback no. { $number }
feedback-done-which = with the feedback no. { $number }
feedback-from = From { $name }
feedback-from-nobody = From somebody not signed in
feedback-answer = answer to { $email }

keys-shared = Access tokens are signed with the one key of the configuration, which does not rotate here.
keys-about = These keys sign access tokens, and move on by themselves. Rotating signs nobody out. Retiring a key is for one that others may know: every access token that it signed is refused from then on, and renewed.
keys-key = Key
keys-algorithm = Algorithm
keys-state = State
keys-made = Made
keys-since = Since
keys-retire = Retire
keys-retire-which = the key { $kid }
keys-rotate = Rotate now
key-active = Active
key-next = Next
key-retiring = Retiring
key-retired = Retired
