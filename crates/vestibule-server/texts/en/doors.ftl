## In, out, and making an account.

login = Log in
login-username = E-mail or user name
login-password = Password
login-remember = Keep me signed in on this device
login-verify-again = Send the message again
login-new = New here?
login-register = Create an account
login-forgot = Forgot your password?
login-wrong = The name or the password is not right. Please check both and try again.
login-unverified = Your e-mail address is not verified yet. Follow the link in the message that was sent there, then log in.

cookies-title = Cookies are blocked
cookies-text = Your browser does not keep cookies for this site, so you cannot log in. Allow them, then log in again. They hold your sign-in and nothing else.
cookies-language-text = Your browser does not keep cookies for this site, so it cannot remember your language. Allow them, then choose it again.

logout-title = Log out
logout-question = Log out?
logout-what = This ends the session of { $name } on this device. Your other devices stay signed in.
logout-stay = Stay signed in
logout-out-title = You are signed out
logout-out-text = Nobody is signed in to { $site } in this browser.

confirm-title = Confirm that it is you
confirm-question = Is it still you?
confirm-why = You are signed in as { $name }. What comes next can change who gets into this account, so we ask for your password once more. Then you go back to where you were.
confirm-button = Confirm
confirm-not-now = Not now
confirm-wrong-password = This is not your password. Please try again.

field-username = User name
field-username-hint = What others here call you.
field-email = E-mail
field-email-hint = Only for your account. We send a message there.
field-password-hint = At least { $min } characters. A few unrelated words make a good one; spaces are welcome.

register-title = Create an account
register-button = Create account
register-have-one = Already have an account?
register-closed-title = Registration is closed
register-closed-text = New accounts on { $site } are made by its administrators. Ask one of them for yours; if you have an account already, log in.

setup-title = First account
setup-heading = Make the first account
setup-text = { $site } has no super user yet. This account may do everything here.
setup-button = Create super user
setup-once = The link that brought you here works once.

forgot-title = Forgot your password?
forgot-text =
    { $minutes ->
        [one] Tell us who you are. If there is such an account, we send a link to its e-mail address, by which you choose a new password. It works for 1 minute.
       *[other] Tell us who you are. If there is such an account, we send a link to its e-mail address, by which you choose a new password. It works for { $minutes } minutes.
    }
forgot-button = Send the link
forgot-remembered = Remembered it?

reset-title = Choose a new password
reset-for = For { $name }. Every device is logged out when it changes.
reset-new = New password
reset-button = Save the new password
reset-not-you = If you did not ask for this, close the page. Your password stays as it is.
reset-again = Have a new link sent
reset-know = Know your password?
reset-used-title = This link was used
reset-used-text = The password was changed by it, and it works once. Log in with the new one. If it was not you who chose it, have a new link sent at once.
reset-expired-text =
    { $minutes ->
        [one] It worked for 1 minute. Your password is still the one from before; have a new link sent if you need one.
       *[other] It worked for { $minutes } minutes. Your password is still the one from before; have a new link sent if you need one.
    }
reset-void-text = It was not copied whole, a newer one was sent, or the password or the address of the account was changed since. Open it from the latest message, or have a new one sent.

link-expired = This link is too old
link-void = This link does not work

keep-title = Keep your e-mail address
keep-question = Keep your e-mail address?
keep-text = Another e-mail address was requested for your account at { $site }. If that was not you, cancel it: your account keeps this address, and every device is signed out.
keep-button = Keep my address and sign out everywhere
keep-was-you = If it was you, close the page. Nothing changes.
keep-used-title = This link was used
keep-used-text = Your account kept its address, and every device was signed out. Choose a new password if you have not done so yet.
keep-void-text = It was not copied whole, or the password or the address of the account was changed since. If you are not sure that only you know your password, choose a new one.
keep-new-password = Choose a new password
verify-title = Verify your e-mail address
verify-done-page = E-mail address verified
verify-question = Is this your address?
verify-text = You have followed the link in our message. One press of the button tells { $site } that the address is yours.
verify-button = Verify my address
verify-not-you = If you did not ask for this, close the page. Nothing changes.
verify-done-title = Verified already
verify-done-text = This e-mail address is verified. There is nothing more to do.
verify-expired-text =
    { $hours ->
        [one] It worked for 1 hour. Nothing is lost: tell us who you are, and a new one is on its way.
       *[other] It worked for { $hours } hours. Nothing is lost: tell us who you are, and a new one is on its way.
    }
verify-void-text = It was not copied whole, or the address of the account was changed since. Open it from the latest message, or have a new one sent.
verify-ask-text =
    { $hours ->
        [one] We send you a message with a link. It works for 1 hour.
       *[other] We send you a message with a link. It works for { $hours } hours.
    }
verify-ask-button = Send the message
verify-have = Verified already?

## The front page.

front-home = Home
front-welcome = Welcome
front-welcome-name = Welcome, { $name }
front-signed-in = You are signed in. Your files, your account and every device that is signed in with it are one step away.
front-files = Your files
front-files-about = Keeping them here, and sharing them with others
front-account = Your account
front-account-about = User name, e-mail address, deleting the account
front-sessions = Your sessions
front-sessions-about = Where you are signed in, and signing out elsewhere
front-password = Your password
front-password-about = Choose a new one
front-come-in = Come in.
front-what = { $site } is the hall that you walk in through. Log in once, and every page and app behind it knows you, for as long as you stay.

## Telling those who run the site something.

feedback-title = Feedback
feedback-text = Tell those who run { $site } what works for you and what does not.
feedback-message = Your message
feedback-email = E-mail (optional)
feedback-email-hint = Only if you would like an answer.
feedback-button = Send
