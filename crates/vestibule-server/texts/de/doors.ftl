## Hinein, hinaus, und ein Konto anlegen.

login = Anmelden
login-username = E-Mail-Adresse oder Benutzername
login-password = Passwort
login-remember = Auf diesem Gerät angemeldet bleiben
login-verify-again = Nachricht noch einmal senden
login-new = Neu hier?
login-register = Konto anlegen
login-forgot = Passwort vergessen?
login-wrong = Der Name oder das Passwort stimmt nicht. Bitte prüfen Sie beides und versuchen Sie es noch einmal.
login-unverified = Ihre E-Mail-Adresse ist noch nicht bestätigt. Folgen Sie dem Link in der Nachricht, die wir dorthin gesendet haben, und melden Sie sich dann an.

cookies-title = Cookies sind blockiert
cookies-text = Ihr Browser speichert keine Cookies für diese Website, deshalb können Sie sich nicht anmelden. Erlauben Sie sie und melden Sie sich dann noch einmal an. Sie enthalten Ihre Anmeldung und sonst nichts.
cookies-language-text = Ihr Browser speichert keine Cookies für diese Website und kann sich deshalb Ihre Sprache nicht merken. Erlauben Sie sie und wählen Sie die Sprache dann noch einmal.

logout-title = Abmelden
logout-question = Abmelden?
logout-what = Damit endet die Sitzung von { $name } auf diesem Gerät. Ihre anderen Geräte bleiben angemeldet.
logout-stay = Angemeldet bleiben
logout-out-title = Sie sind abgemeldet
logout-out-text = In diesem Browser ist niemand bei { $site } angemeldet.

confirm-title = Bestätigen Sie, dass Sie es sind
confirm-question = Sind Sie es noch?
confirm-why = Sie sind als { $name } angemeldet. Was nun folgt, kann ändern, wer in dieses Konto gelangt. Darum fragen wir noch einmal nach Ihrem Passwort. Danach geht es dort weiter, wo Sie waren.
confirm-button = Bestätigen
confirm-not-now = Jetzt nicht
confirm-wrong-password = Das ist nicht Ihr Passwort. Bitte versuchen Sie es noch einmal.

field-username = Benutzername
field-username-hint = Unter diesem Namen kennen andere Sie hier.
field-email = E-Mail-Adresse
field-email-hint = Nur für Ihr Konto. Wir senden eine Nachricht dorthin.
field-password-hint = Mindestens { $min } Zeichen. Ein paar Wörter, die nichts miteinander zu tun haben, ergeben ein gutes; Leerzeichen sind willkommen.

register-title = Konto anlegen
register-button = Konto anlegen
register-have-one = Haben Sie schon ein Konto?
register-closed-title = Die Registrierung ist geschlossen
register-closed-text = Neue Konten bei { $site } legen die Administratoren an. Bitten Sie einen von ihnen darum; wenn Sie schon ein Konto haben, melden Sie sich an.

setup-title = Erstes Konto
setup-heading = Das erste Konto anlegen
setup-text = { $site } hat noch keinen Superuser. Dieses Konto darf hier alles.
setup-button = Superuser anlegen
setup-once = Der Link, der Sie hergeführt hat, gilt einmal.

forgot-title = Passwort vergessen?
forgot-text =
    { $minutes ->
        [one] Sagen Sie uns, wer Sie sind. Wenn es ein solches Konto gibt, senden wir einen Link an seine E-Mail-Adresse, über den Sie ein neues Passwort wählen. Er gilt 1 Minute.
       *[other] Sagen Sie uns, wer Sie sind. Wenn es ein solches Konto gibt, senden wir einen Link an seine E-Mail-Adresse, über den Sie ein neues Passwort wählen. Er gilt { $minutes } Minuten.
    }
forgot-button = Link senden
forgot-remembered = Wieder eingefallen?

reset-title = Neues Passwort wählen
reset-for = Für { $name }. Wenn es sich ändert, wird jedes Gerät abgemeldet.
reset-new = Neues Passwort
reset-button = Neues Passwort speichern
reset-not-you = Wenn Sie das nicht wollten, schließen Sie die Seite. Ihr Passwort bleibt, wie es ist.
reset-again = Neuen Link senden lassen
reset-know = Kennen Sie Ihr Passwort?
reset-used-title = Dieser Link wurde benutzt
reset-used-text = Das Passwort wurde damit geändert, und er gilt einmal. Melden Sie sich mit dem neuen an. Wenn nicht Sie es gewählt haben, lassen Sie sich sofort einen neuen Link senden.
reset-expired-text =
    { $minutes ->
        [one] Er galt 1 Minute. Ihr Passwort ist noch das von vorher; lassen Sie sich einen neuen Link senden, wenn Sie einen brauchen.
       *[other] Er galt { $minutes } Minuten. Ihr Passwort ist noch das von vorher; lassen Sie sich einen neuen Link senden, wenn Sie einen brauchen.
    }
reset-void-text = Er wurde nicht vollständig kopiert, es wurde ein neuerer gesendet, oder das Passwort oder die Adresse des Kontos hat sich seitdem geändert. Öffnen Sie ihn aus der neuesten Nachricht oder lassen Sie sich einen neuen senden.

link-expired = Dieser Link ist zu alt
link-void = Dieser Link gilt nicht

keep-title = E-Mail-Adresse behalten
keep-question = E-Mail-Adresse behalten?
keep-text = Für Ihr Konto bei { $site } wurde eine andere E-Mail-Adresse angefragt. Wenn Sie das nicht waren, brechen Sie es ab: Ihr Konto behält diese Adresse, und alle Geräte werden abgemeldet.
keep-button = Adresse behalten und überall abmelden
keep-was-you = Wenn Sie es waren, schließen Sie die Seite. Es ändert sich nichts.
keep-used-title = Dieser Link wurde benutzt
keep-used-text = Ihr Konto hat seine Adresse behalten, und alle Geräte wurden abgemeldet. Wählen Sie ein neues Passwort, falls Sie das noch nicht getan haben.
keep-void-text = Er wurde nicht vollständig kopiert, oder das Passwort oder die Adresse des Kontos hat sich seitdem geändert. Wenn Sie nicht sicher sind, dass nur Sie Ihr Passwort kennen, wählen Sie ein neues.
keep-new-password = Neues Passwort wählen
verify-title = E-Mail-Adresse bestätigen
verify-done-page = E-Mail-Adresse bestätigt
verify-question = Ist das Ihre Adresse?
verify-text = Sie sind dem Link in unserer Nachricht gefolgt. Ein Druck auf den Knopf sagt { $site }, dass die Adresse Ihre ist.
verify-button = Meine Adresse bestätigen
verify-not-you = Wenn Sie das nicht wollten, schließen Sie die Seite. Es ändert sich nichts.
verify-done-title = Schon bestätigt
verify-done-text = Diese E-Mail-Adresse ist bestätigt. Es gibt nichts weiter zu tun.
verify-expired-text =
    { $hours ->
        [one] Er galt 1 Stunde. Es ist nichts verloren: Sagen Sie uns, wer Sie sind, und ein neuer ist unterwegs.
       *[other] Er galt { $hours } Stunden. Es ist nichts verloren: Sagen Sie uns, wer Sie sind, und ein neuer ist unterwegs.
    }
verify-void-text = Er wurde nicht vollständig kopiert, oder die Adresse des Kontos hat sich seitdem geändert. Öffnen Sie ihn aus der neuesten Nachricht oder lassen Sie sich einen neuen senden.
verify-ask-text =
    { $hours ->
        [one] Wir senden Ihnen eine Nachricht mit einem Link. Er gilt 1 Stunde.
       *[other] Wir senden Ihnen eine Nachricht mit einem Link. Er gilt { $hours } Stunden.
    }
verify-ask-button = Nachricht senden
verify-have = Schon bestätigt?

## Die Startseite.

front-home = Start
front-welcome = Willkommen
front-welcome-name = Willkommen, { $name }
front-signed-in = Sie sind angemeldet. Ihre Dateien, Ihr Konto und jedes Gerät, das damit angemeldet ist, sind einen Schritt entfernt.
front-files = Ihre Dateien
front-files-about = Hier aufbewahren und mit anderen teilen
front-account = Ihr Konto
front-account-about = Benutzername, E-Mail-Adresse, Konto löschen
front-sessions = Ihre Sitzungen
front-sessions-about = Wo Sie angemeldet sind, und wie Sie sich anderswo abmelden
front-password = Ihr Passwort
front-password-about = Ein neues wählen
front-come-in = Treten Sie ein.
front-what = { $site } ist die Halle, durch die Sie eintreten. Melden Sie sich einmal an, und jede Seite und jede App dahinter kennt Sie, solange Sie bleiben.

## Denen, die die Website betreiben, etwas sagen.

feedback-title = Feedback
feedback-text = Sagen Sie denen, die { $site } betreiben, was für Sie funktioniert und was nicht.
feedback-message = Ihre Nachricht
feedback-email = E-Mail-Adresse (freiwillig)
feedback-email-hint = Nur wenn Sie eine Antwort möchten.
feedback-button = Senden
