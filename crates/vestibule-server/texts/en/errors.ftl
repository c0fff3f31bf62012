## Pages about what went wrong.

error-status = Status
error-wait = Please try again in { $wait }.
error-back = Go back
error-id = If it keeps happening, quote this number:

error-sign-in = Please log in
error-sign-in-detail = This page is for people who are logged in.
error-confirm = Please confirm that it is you
error-confirm-detail = Enter your password once more, then try again.
error-csrf = This form did not come from our page as it is now
error-csrf-detail = Nothing was changed. Go back, reload the page and send the form once more.
error-forbidden = This is not open to you
error-forbidden-detail = Ask whoever runs this site if you think that it should be.
error-unverified = Your e-mail address is not verified yet
error-unverified-detail = Follow the link in the message that was sent there, then log in.
error-not-found = There is nothing here
error-not-found-detail = Check the address, or begin at the front page.
error-method = This cannot be done here
error-method-detail = Begin at the front page to find where it can.
error-malformed = This cannot be read
error-malformed-detail = Go back, reload the page and try once more.
error-conflict = It has changed meanwhile
error-conflict-detail = Nothing was saved. Go back, reload the page and try once more.
error-input = Some fields need another look
error-input-detail = Nothing was saved. Go back and check what was entered.
error-too-large = This is too large
error-too-large-detail = Nothing was saved. Send less at once.
error-media-type = This kind of content is not taken here
error-media-type-detail = Nothing was saved. Send it with the form of the page.
error-rate-limited = Too many tries
error-rate-limited-detail = To keep guessers out, there is a pause before the next one.
error-internal = Something went wrong on our side
error-internal-detail = It has been noted. Trying again later may work.
error-unavailable = We are not quite here right now
error-unavailable-detail = Nothing was lost, and you stay logged in.

## What is wrong with something that was typed or sent: the rules' own texts, by their codes. Numbers come as
## they are, and as sizes under the same name with `_size`.

fault-missing = This field is missing.
fault-wrong-type = This is not of the kind that belongs here.
fault-empty = This field is empty: fill it in.
fault-username-too-long = The user name is too long: use at most { $max } characters.
fault-username-no-letter = The user name needs at least one letter.
fault-username-at-sign = The user name cannot contain “@”: leave it out, or use the field for the e-mail address.
fault-username-character = The user name cannot contain “{ $character }”: use letters, digits, “.”, “-” and “_”.
fault-username-space = The user name cannot contain spaces: use “.”, “-” or “_” between its parts.
fault-username-taken = This user name is taken; choose another one.
fault-invisible-character = There is an invisible character in this field: type the text instead of pasting it.
fault-stray-mark = There is an accent without its letter, or more than four on one: remove it.
fault-mixed-scripts = The letters come from different alphabets and could be mistaken for others: use one alphabet.
fault-email-too-long = The e-mail address is too long: mail reaches at most { $max } bytes.
fault-email-no-address = An e-mail address has exactly one “@”, as in name@example.org.
fault-email-imitated-sign = There is a character that imitates “@” or “.”: type the plain sign.
fault-email-local-part-length = The part before “@” must have 1 to { $max } bytes.
fault-email-local-part = The part before “@” can hold letters, digits and !#$%&'*+-/=?^_`{"{"}|{"}"}~, with single dots between them; forms in quotation marks are not supported.
fault-email-domain = The part after “@” is not a domain name: it should look like example.org.
fault-email-ip-address = The part after “@” is an IP address: use an address with a domain name.
fault-email-imitated-domain = The domain imitates another one with look-alike letters: check it and type it again.
fault-email-taken = This e-mail address belongs to another account; sign in to that one, or use another address.
fault-role-name = A role is 1 to { $max } characters out of a-z, 0-9, “_” and “-”.
fault-locale-unknown = This is not one of the languages of this site: choose another one.

fault-password-empty = Enter a password.
fault-password-too-short = The password is too short: use at least { $min } characters. Several words make a good one.
fault-password-too-long = The password is too long: use at most { $max } characters.
fault-password-character = The password has a character that not every keyboard and device types the same way, such as a tab, an invisible character or a composed emoji: leave it out.
fault-password-common = This password is easy to guess, like common words, repetitions and rows of keys: use several words that have nothing to do with each other.
fault-password-holds-context = The password contains “{ $word }”, which is easy to guess here: leave it out.

fault-file-name-empty = The name is missing.
fault-file-name-too-long = The name is longer than { $max } bytes; shorten it.
fault-file-name-path = The name holds a “/” or a “\”; leave out the folders.
fault-file-name-control = The name holds a control character or a line break; leave it out.
fault-file-name-direction = The name holds a character that turns the direction of writing; leave it out.
fault-file-too-large = A file here has at most { $max_size }.
fault-quota-bytes = All files of one person may take { $allowed_size } together, and { $left_size } of them are left. Delete some first.
fault-quota-files = One person may keep { $allowed } files. Delete some first.
fault-too-many-uploads = You have { $max } uploads under way; let one of them end first.
fault-too-many-downloads = You have too many downloads under way; let one of them end first.
fault-network-busy = Too many files are on their way from your network. Try again in a moment.
fault-share-with-self = The file is yours already; name somebody else.
fault-too-many-shares = The file is shared with as many people as it can be; end one of these shares first.
fault-not-shared = The file is not shared with this user.
fault-shared-for-less = This file is shared with you, but not for this. Ask its owner.

fault-feedback-empty = There is no message yet: write one.
fault-feedback-too-long = The message is too long: use at most { $max } characters.

fault-csrf-not-first = The form is not complete, or its csrf_token is not its first field. Reload the page and send it again.
fault-origin-unknown = This site is set up for another address, and does not know { $host }. Whoever runs it can set public_url to the address that browsers use.
fault-registration-closed = Registration is closed here. Ask whoever runs this site for an account.
fault-setup-closed = This link does not open the door (any more). While there is no super user, every start of the site prints a new one.
fault-last-super-user = This is the last active super user, and nobody would be left to run the site; make another one first.
fault-account-deleted = This account is deleted, and this does not bring it back; while it can come back, activate it first.
fault-account-suspended = This account is suspended; ask those who run the site to lift that.
fault-account-not-deleted = This account is not deleted; sign in to it.
fault-too-many-roles = An account has at most { $max } roles.

fault-body-broken-off = The body did not arrive whole.
fault-body-too-large = A body here has at most { $max } bytes.
fault-form-unreadable = The form cannot be read.
fault-form-not-text = The form is not UTF-8.
fault-form-field-twice = The form holds a field twice.
fault-form-too-many-fields = The form holds more fields than any page here.
fault-form-type = Send the form as application/x-www-form-urlencoded.
fault-form-too-large = A form here has at most { $max } bytes.
fault-form-broken-off = The form did not arrive whole.
fault-cookies-blocked = Your browser blocks cookies for this site. Allow them, then send the form again.
fault-content-is-no-code = The content of a file cannot be a script, a worker or a style sheet of a page.

fault-account-not-active = The account is not active: activate it first.
fault-mail-link-expired = The link in this mail does not work for long enough any more: a new one has to be asked for.
fault-mail-sent = This mail was sent, or is being sent right now.
fault-filter-limit = Write a number from 1 to 200.
fault-filter-choice = Choose one of the list.
fault-filter-role = This is not the name of a role.
fault-filter-event = This is not the name of an event.
fault-filter-session = This is not the name of a session.
fault-filter-person = No account has this number, user name or e-mail address.
fault-filter-time = Write a day as 2026-11-24, a moment as 2026-11-24T14:03:59Z, or seconds since 1970.
fault-filter-place = This is not a place in this list: begin without it.
fault-ring-none = Tokens are signed with HS256 and the one key of the configuration, which does not rotate here; give another `jwt_secret_key` and restart, or set `tokens.algorithm` to ES256 or EdDSA.
fault-ring-busy = The ring was changed by others all the time; look at it and try again.
fault-ring-too-many = So many keys are in use that no further one is made; wait until some have retired, or retire one.
fault-ring-no-active-key = No key of the ring is active; run `vestibule key rotate`.
fault-ring-no-such-key = There is no such key; `vestibule key list` shows the ring.
fault-ring-unusable = The key ring cannot be used; the log says why.
