## Was jede Seite umgibt.

# In ihren eigenen Worten: für die Wahl der Sprache.
language-name = Deutsch

skip = Direkt zum Inhalt
signed-in-as = Angemeldet als
nav-main = Hauptnavigation
nav-home = Start
nav-files = Dateien
nav-account = Konto
nav-feedback = Feedback
nav-admin = Verwaltung
nav-login = Anmelden
nav-logout = Abmelden
nav-register = Registrieren
footer-cookies = Cookies halten Sie hier nur angemeldet und Ihre Formulare sicher.
footer-language = Sprache

## Hinweise und Felder.

notice-info = Hinweis
notice-success = Erledigt
notice-warning = Achtung
notice-error = Fehler
summary-title = Bitte sehen Sie sich das noch einmal an
field-show = Zeigen
field-hide = Verbergen

## Was die nächste Seite zu sagen hat.

flash-registered = Vielen Dank. Wenn diese E-Mail-Adresse hier neu ist, ist Ihr Konto bereit: Melden Sie sich unten an.
flash-registered-unverified = Vielen Dank. Eine Nachricht ist unterwegs an Ihre E-Mail-Adresse: Darin steht, wie es weitergeht.
flash-verify-again = Falls die Adresse dieses Kontos noch zu bestätigen ist, ist eine E-Mail unterwegs.
flash-verified = Ihre E-Mail-Adresse ist bestätigt.
flash-reset-asked = Falls es ein Konto mit diesem Namen gibt, ist eine E-Mail mit einem Link für ein neues Passwort unterwegs.
flash-password-reset = Ihr Passwort ist geändert, und jedes Gerät wurde abgemeldet. Melden Sie sich mit dem neuen an.
flash-set-up = Der Superuser ist bereit: Melden Sie sich unten an.
flash-signed-out = Sie sind abgemeldet.
flash-saved = Ihre Änderungen sind gespeichert.
flash-address-asked = Ihre Änderungen sind gespeichert. Eine Nachricht ist unterwegs an die neue Adresse: Sie gilt, sobald Sie dem Link darin gefolgt sind.
flash-address-kept = Ihre Änderungen sind gespeichert. Ihr Konto behält seine E-Mail-Adresse: Der Link für die neue gilt nicht mehr.
flash-address-kept-signed-out = Ihr Konto behält seine E-Mail-Adresse, und alle Geräte sind abgemeldet. Wenn Sie keine andere Adresse wollten, wählen Sie ein neues Passwort: Jemand kennt Ihr jetziges.
flash-password-changed = Ihr Passwort ist geändert. Jedes andere Gerät wurde abgemeldet.
flash-session-ended = Die Sitzung ist beendet.
flash-others-ended = Alle anderen Sitzungen sind beendet.
flash-account-deleted = Ihr Konto ist gelöscht. Alles Gute! Falls Sie es sich innerhalb von 14 Tagen anders überlegen: Melden Sie sich an und sagen Sie es.
flash-account-kept = Ihr Konto ist wieder da, wie es war. Schön, Sie zu sehen.
flash-account-kept-log-in = Ihr Konto ist wieder da, wie es war: Melden Sie sich unten an.
flash-restore-again = Das hat zu lange gedauert, und es wurde nichts geändert. Melden Sie sich noch einmal an, dann werden Sie wieder gefragt.
flash-file-kept = Die Datei ist gespeichert.
flash-file-shared = Die Datei ist geteilt. Wer so heißt, kann sie annehmen.
flash-file-accepted = Die Datei ist in Ihrer Liste.
flash-file-unshared = Die Datei wird nicht mehr geteilt.
flash-file-deleted = Die Datei ist gelöscht.
flash-sessions-ended = Alle Sitzungen dieses Kontos sind beendet.
flash-feedback-taken = Vielen Dank: Ihre Nachricht ist angekommen.
flash-reset-started = Ein Link für ein neues Passwort ist unterwegs zur Person, der dieses Konto gehört.
flash-mail-retried = Die E-Mail wird jetzt noch einmal versucht.
flash-sign-in-first = Bitte melden Sie sich noch einmal an; es wurde nichts gespeichert.
flash-send-again = Es wurde noch nichts gespeichert: Bitte senden Sie das Formular noch einmal ab.
flash-session-stolen = Zu Ihrem Schutz haben wir diese Sitzung überall beendet: Jemand anderes hatte eine Kopie davon. Bitte melden Sie sich noch einmal an.
flash-confirm-first = Noch wurde nichts geändert: Bestätigen Sie, dass Sie es sind, und senden Sie es dann noch einmal.
flash-confirm-for-export = Bestätigen Sie, dass Sie es sind, und laden Sie dann Ihre Daten mit einem weiteren Klick herunter.

## Warum ein Formular zurückkommt.

refusal-rate-limited = Das waren zu viele Versuche. Bitte warten Sie { $wait } und versuchen Sie es dann noch einmal.
refusal-unavailable = Gerade ist hier zu viel los. Es wurde nichts geändert; bitte versuchen Sie es in { $wait } noch einmal.
refusal-outdated = Diese Seite war länger offen. Bitte versuchen Sie es noch einmal.

## Wie schwer ein neues Passwort zu erraten ist; was das Skript der Seite davon sagt.

# Es fehlen noch { $missing } Zeichen.
strength-short = Mindestens { $least } Zeichen: noch { $missing }.
strength-holds = Lassen Sie „{ $word }“ weg: Andere kennen es, und es wird nicht angenommen.
strength-easy = Leicht zu erraten. Ein paar Wörter, die nichts miteinander zu tun haben, sind besser.
strength-fair = Mittel. Ein Wort mehr macht es stärker.
strength-good = Gut.
strength-strong = Stark.
