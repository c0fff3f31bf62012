## Mails. Those with `-subject` are subjects, those with `-title` headings, and those with `-plain` stand in the
## plain text alone, where a link follows on a line of its own. No text holds anything that somebody typed.

mail-hello = Hello,
mail-not-you = If it was not you, there is nothing to do.
mail-choose-password = Choose a new password
mail-log-in = Log in
mail-look-at-sessions = Look at my sessions
mail-verify-button = Verify my address

mail-link-hours =
    { $hours ->
        [one] The link works for 1 hour. You can { $again } at any time.
       *[other] The link works for { $hours } hours. You can { $again } at any time.
    }
mail-link-hours-plain =
    { $hours ->
        [one] The link works for 1 hour. You can get a new one at any time:
       *[other] The link works for { $hours } hours. You can get a new one at any time:
    }
mail-link-minutes =
    { $minutes ->
        [one] The link works once, for 1 minute. You can { $again } at any time.
       *[other] The link works once, for { $minutes } minutes. You can { $again } at any time.
    }
mail-link-minutes-plain =
    { $minutes ->
        [one] The link works once, for 1 minute. You can get a new one at any time:
       *[other] The link works once, for { $minutes } minutes. You can get a new one at any time:
    }
# The link of the two sentences above.
mail-link-again = get a new one

mail-verify-subject = Verify your e-mail address for { $site }
mail-verify-title = Is this your address?
mail-verify-text = An account at { $site } was given this e-mail address. If that was you, press the button on this page:
mail-verify-plain = an account at { $site } was given this e-mail address. If that was you, open this page and press the button on it:
mail-verify-not-you = If it was not you, there is nothing to do. The address stays unverified.

mail-registered-subject = You already have an account at { $site }
mail-registered-text = Somebody, most likely you, tried to make an account at { $site } with this e-mail address. It has one already. Nothing was changed: log in with the account that you have.
mail-registered-plain = somebody, most likely you, tried to make an account at { $site } with this e-mail address. It has one already, so nothing was changed. Log in with the address and the password of that account:
mail-registered-forgot = Forgot your password? { $choose }.
mail-registered-forgot-link = Choose a new one
mail-registered-forgot-plain = Forgot your password? Choose a new one:
mail-registered-deleted-subject = No new account at { $site }
mail-registered-deleted-text = Somebody, most likely you, tried to make an account at { $site } with this e-mail address. It had an account that was deleted, and the address is not given out again for now. Nothing was changed.
mail-registered-deleted-plain = somebody, most likely you, tried to make an account at { $site } with this e-mail address. It had an account that was deleted, and the address is not given out again for now. Nothing was changed.
mail-registered-deleted-back = To come back, use another address, or ask whoever runs the site.

mail-change-subject = Your new e-mail address for { $site }
mail-change-title = Is this your new address?
mail-change-text = An account at { $site } is to have this e-mail address from now on. If you want that, press the button on this page:
mail-change-plain = an account at { $site } is to have this e-mail address from now on. If you want that, open this page and press the button on it:
mail-change-button = Use this address
mail-change-until =
    { $hours ->
        [one] The link works for 1 hour. Until then the account keeps the address that it has.
       *[other] The link works for { $hours } hours. Until then the account keeps the address that it has.
    }

mail-taken-subject = This e-mail address has an account at { $site }
mail-taken-text = Somebody, most likely you, wanted to give this e-mail address to another account at { $site }. It has one already, and an address belongs to one account only. Nothing was changed.
mail-taken-plain = somebody, most likely you, wanted to give this e-mail address to another account at { $site }. It has one already, and an address belongs to one account only. Nothing was changed.
mail-taken-how = To use it there, give this account another address first, or delete it.
mail-taken-deleted-text = Somebody, most likely you, wanted to give this e-mail address to an account at { $site }. It had an account that was deleted, and the address is not given out again for now. Nothing was changed.
mail-taken-deleted-plain = somebody, most likely you, wanted to give this e-mail address to an account at { $site }. It had an account that was deleted, and the address is not given out again for now. Nothing was changed.

mail-asked-subject = Another e-mail address was requested for your account at { $site }
mail-asked-title = Was this you?
mail-asked-text = On { $when } another e-mail address was requested for your account at { $site }. Until it is confirmed, your account keeps this one.
mail-asked-plain = on { $when } another e-mail address was requested for your account at { $site }. Until it is confirmed, your account keeps this one.
mail-asked-not-you = If that was not you, cancel it on this page. Every device is signed out too. Then choose a new password.
mail-asked-button = Cancel and sign out everywhere
mail-asked-was-you = If it was you, there is nothing to do.
mail-changed-subject = The e-mail address of your account at { $site } was changed
mail-changed-text = Your account at { $site } was given another e-mail address on { $when }. This one does not belong to it any more.
mail-changed-plain = your account at { $site } was given another e-mail address on { $when }. This one does not belong to it any more.
mail-changed-not-you = If that was you, there is nothing to do. If it was not, somebody else is in your account: tell whoever runs the site at once.

mail-forgotten-subject = A new password for { $site }
mail-forgotten-text = Somebody, most likely you, asked for a new password for your account at { $site }. Choose one on this page:
mail-forgotten-plain = somebody, most likely you, asked for a new password for your account at { $site }. Choose one on this page:
mail-forgotten-not-you = If it was not you, there is nothing to do. Your password stays as it is.

mail-reset-subject = Choose a new password for { $site }
mail-reset-text = Whoever runs { $site } asks you to choose a new password for your account. Do so on this page:
mail-reset-plain = whoever runs { $site } asks you to choose a new password for your account. Do so on this page:
mail-reset-nobody = Nobody but you ever knows your password.

mail-password-subject = Your password at { $site } was changed
mail-password-text = The password of your account at { $site } was changed on { $when }. Every other device was logged out.
mail-password-plain = the password of your account at { $site } was changed on { $when }. Every other device was logged out.
mail-password-not-you = If that was you, there is nothing to do. If it was not, somebody else knew your password: choose a new one at once.
mail-password-not-you-plain = If that was you, there is nothing to do. If it was not, somebody else knew your password. Choose a new one at once:

mail-device-subject = A new device is logged in at { $site }
mail-device-text = Somebody logged in to your account at { $site } from a device that we have not seen lately:
mail-device-plain = somebody logged in to your account at { $site } from a device that we have not seen lately:
mail-device-address = Network address { $address }
mail-device-not-you = If that was you, there is nothing to do. If it was not, end that session and change your password.
mail-device-not-you-plain = If that was you, there is nothing to do. If it was not, end that session:
mail-then-password = Then choose a new password:

mail-theft-subject = We ended a session of yours at { $site }
mail-theft-text = On { $when } one session of your account at { $site } was used from two places in a way that only a copy explains. Somebody may have taken it from one of your devices. We have ended that session, and the copy with it.
mail-theft-plain = on { $when } one session of your account at { $site } was used from two places in a way that only a copy explains. Somebody may have taken it from one of your devices. We have ended that session, and the copy with it.
mail-theft-what = Please log in again and end the sessions that you do not know. Then { $choose }.
mail-theft-what-link = choose a new password
mail-theft-what-plain = Please log in again and end the sessions that you do not know:

mail-deleted-subject = Your account at { $site } was deleted
mail-deleted-text = Your account at { $site } was deleted on { $when }. It is logged out everywhere, and nobody sees what belongs to it any more.
mail-deleted-plain = your account at { $site } was deleted on { $when }. It is logged out everywhere, and nobody sees what belongs to it any more.
mail-deleted-until = What the site knows of you, and your files, are removed for good on { $until }. The user name is not given out again.
mail-deleted-keep = To keep your account, log in with your password before that day, and answer that you want it back.
mail-deleted-keep-plain = To keep your account, log in with your password before that day, and answer that you want it back:
mail-deleted-button = Keep my account
mail-deleted-not-you = If it was not you who deleted it, somebody else knows your password: take the account back, then change the password.

mail-feedback-subject = Feedback for { $site }
mail-feedback-from = From: { $name } (no. { $number })
mail-feedback-from-nobody = From: somebody who was not signed in
mail-feedback-answer = Answer to: { $email }
mail-feedback-all = All feedback
mail-feedback-all-at = All feedback: { $link }

mail-restored-subject = Your account at { $site } was kept
mail-restored-text = Your account at { $site } had been deleted, and was taken back on { $when }. It is as it was, and nothing of it is removed.
mail-restored-plain = your account at { $site } had been deleted, and was taken back on { $when }. It is as it was, and nothing of it is removed.
mail-restored-not-you = If that was not you, somebody else may know your password: choose a new one at once.
mail-restored-not-you-plain = If that was not you, somebody else may know your password. Choose a new one at once:
