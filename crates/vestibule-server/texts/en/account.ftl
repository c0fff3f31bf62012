## One's own account.

account-title = Your account
account-verified = E-mail verified
account-unverified = E-mail not verified yet
account-super-user = Super user
account-since = Here since { $date }
account-details = Name and e-mail
account-pending = A message was sent to { $email }. That address counts once you have followed the link in it; until then the one below does.
account-pending-cancel = Cancel this change
account-email-hint = A new address counts once it is verified.
account-language = Language
account-language-hint = For the pages, and for the messages that we send you.
account-language-browser = As my browser says
account-save = Save
account-getting-in = Getting in
account-password = Change password
account-password-about = Signs out every other device
account-sessions = Sessions
account-sessions-about = Where you are signed in, and signing out elsewhere

password-title = Change password
password-about = Every other device is signed out when the password changes. This one stays signed in.
password-current = Current password
password-new = New password
password-cancel = Cancel
password-not-current = This is not your current password.

account-leaving = Leaving
account-delete-summary = Delete this account
account-delete-text = Deleting signs you out everywhere, at once, and nobody sees your files any more. For 14 days you can take that back: log in, and say so. Then your files and what the site knows of you are removed for good. The name { $name } is not given out again.
account-delete-sure = Yes, delete my account
account-delete = Delete account

account-data = Your data
account-export = Download my data
account-export-about = What { $site } knows of you, as one file: account, sessions, what happened, feedback, mails, and links to your files

restore-title = Keep your account?
restore-text = You deleted the account { $name }. What belongs to it is to be removed for good on { $until }.
restore-until = Until then you can have it back as it was, with your files and what was shared with you.
restore-button = Keep my account and log in
restore-not = No, let it go
