## What is around every page.

# In its own words: for the choice of a language.
language-name = English

skip = Skip to the content
signed-in-as = Signed in as
nav-main = Main
nav-home = Home
nav-files = Files
nav-account = Account
nav-feedback = Feedback
nav-admin = Admin
nav-login = Login
nav-logout = Logout
nav-register = Register
footer-cookies = Cookies here only keep you signed in and your forms safe.
footer-language = Language

## Notices and fields.

notice-info = Note
notice-success = Done
notice-warning = Careful
notice-error = Error
summary-title = Please look at this again
field-show = Show
field-hide = Hide

## What the next page has to say.

flash-registered = Thank you. If this e-mail address is new here, your account is ready: log in below.
flash-registered-unverified = Thank you. A message is on its way to your e-mail address: it says how to go on.
flash-verify-again = If that account's address still has to be verified, a mail is on its way.
flash-verified = Your e-mail address is verified.
flash-reset-asked = If there is an account by that name, a mail is on its way with a link for a new password.
flash-password-reset = Your password is changed, and every device has been logged out. Log in with the new one.
flash-set-up = The super user is ready: log in below.
flash-signed-out = You are logged out.
flash-saved = Your changes are saved.
flash-address-asked = Your changes are saved. A message is on its way to the new address: it counts once you have followed the link in it.
flash-address-kept = Your changes are saved. Your account keeps its e-mail address: the link to the new one no longer works.
flash-address-kept-signed-out = Your account keeps its e-mail address, and every device is signed out. If you did not ask for another address, choose a new password: somebody knows the one you have.
flash-password-changed = Your password is changed. Every other device has been logged out.
flash-session-ended = The session is ended.
flash-others-ended = All other sessions are ended.
flash-account-deleted = Your account is deleted. Farewell. Should you change your mind within 14 days: log in, and say so.
flash-account-kept = Your account is back, as it was. Good to see you.
flash-account-kept-log-in = Your account is back, as it was: log in below.
flash-restore-again = That took too long, and nothing has been changed. Log in once more, and you are asked again.
flash-file-kept = The file is stored.
flash-file-shared = The file is shared. If somebody has this user name, they can accept it.
flash-file-accepted = The file is in your list.
flash-file-unshared = The file is no longer shared.
flash-file-deleted = The file is deleted.
flash-sessions-ended = All sessions of this account are ended.
flash-feedback-taken = Thank you: your message has arrived.
flash-reset-started = A link for a new password is on its way to the owner of this account.
flash-mail-retried = The mail is tried again now.
flash-sign-in-first = Please log in again; nothing was saved.
flash-send-again = Nothing has been saved yet: please send the form again.
flash-session-stolen = To protect you, we logged you out everywhere this session was used: somebody else had a copy of it. Please log in again.
flash-confirm-first = Nothing has been changed yet: confirm that it is you, then send it once more.
flash-confirm-for-export = Confirm that it is you, then download your data with one more press.

## Why a form comes back.

refusal-rate-limited = There were too many tries. Please wait { $wait }, then try again.
refusal-unavailable = The site is too busy for this right now. Nothing was changed; please try again in { $wait }.
refusal-outdated = This page had been open for a while. Please try again.

## How hard a new password is to guess; what the page's script says of it.

# { $missing } characters more.
strength-short = At least { $least } characters: { $missing } to go.
strength-holds = Leave out “{ $word }”: others know it, and it is not accepted.
strength-easy = Easy to guess. A few unrelated words are better.
strength-fair = Fair. One more word makes it stronger.
strength-good = Good.
strength-strong = Strong.
