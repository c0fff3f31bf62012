## Seiten darüber, was schiefgegangen ist.

error-status = Status
error-wait = Bitte versuchen Sie es in { $wait } noch einmal.
error-back = Zurück
error-id = Wenn es immer wieder geschieht, nennen Sie diese Nummer:

error-sign-in = Bitte melden Sie sich an
error-sign-in-detail = Diese Seite ist für Menschen, die angemeldet sind.
error-confirm = Bitte bestätigen Sie, dass Sie es sind
error-confirm-detail = Geben Sie Ihr Passwort noch einmal ein und versuchen Sie es dann erneut.
error-csrf = Dieses Formular kam nicht von unserer Seite, wie sie jetzt ist
error-csrf-detail = Es wurde nichts geändert. Gehen Sie zurück, laden Sie die Seite neu und senden Sie das Formular noch einmal.
error-forbidden = Das steht Ihnen nicht offen
error-forbidden-detail = Wenn Sie meinen, dass es das sollte, fragen Sie die Betreiber dieser Website.
error-unverified = Ihre E-Mail-Adresse ist noch nicht bestätigt
error-unverified-detail = Folgen Sie dem Link in der Nachricht, die dorthin gesendet wurde, und melden Sie sich dann an.
error-not-found = Hier ist nichts
error-not-found-detail = Prüfen Sie die Adresse oder beginnen Sie auf der Startseite.
error-method = Das geht hier nicht
error-method-detail = Beginnen Sie auf der Startseite, um zu finden, wo es geht.
error-malformed = Das lässt sich nicht lesen
error-malformed-detail = Gehen Sie zurück, laden Sie die Seite neu und versuchen Sie es noch einmal.
error-conflict = Es hat sich inzwischen geändert
error-conflict-detail = Es wurde nichts gespeichert. Gehen Sie zurück, laden Sie die Seite neu und versuchen Sie es noch einmal.
error-input = Einige Felder brauchen noch einen Blick
error-input-detail = Es wurde nichts gespeichert. Gehen Sie zurück und prüfen Sie die Eingaben.
error-too-large = Das ist zu groß
error-too-large-detail = Es wurde nichts gespeichert. Senden Sie weniger auf einmal.
error-media-type = Diese Art von Inhalt wird hier nicht angenommen
error-media-type-detail = Es wurde nichts gespeichert. Senden Sie es mit dem Formular der Seite.
error-rate-limited = Zu viele Versuche
error-rate-limited-detail = Damit niemand durch Raten hineinkommt, gibt es vor dem nächsten eine Pause.
error-internal = Bei uns ist etwas schiefgegangen
error-internal-detail = Es wurde festgehalten. Vielleicht klappt es später.
error-unavailable = Wir sind gerade nicht ganz da
error-unavailable-detail = Es ist nichts verloren, und Sie bleiben angemeldet.

## Was an einer Eingabe nicht stimmt: die Texte der Regeln, nach ihren Codes. Zahlen kommen, wie sie sind, und
## als Größen unter demselben Namen mit `_size`.

fault-missing = Dieses Feld fehlt.
fault-wrong-type = Das ist nicht von der Art, die hierher gehört.
fault-empty = Dieses Feld ist leer: Bitte füllen Sie es aus.
fault-username-too-long = Der Benutzername ist zu lang: Verwenden Sie höchstens { $max } Zeichen.
fault-username-no-letter = Der Benutzername braucht mindestens einen Buchstaben.
fault-username-at-sign = Der Benutzername darf kein „@“ enthalten: Lassen Sie es weg oder verwenden Sie das Feld für die E-Mail-Adresse.
fault-username-character = Der Benutzername darf kein „{ $character }“ enthalten: Verwenden Sie Buchstaben, Ziffern, „.“, „-“ und „_“.
fault-username-space = Der Benutzername darf keine Leerzeichen enthalten: Verwenden Sie „.“, „-“ oder „_“ zwischen den Teilen.
fault-username-taken = Dieser Benutzername ist vergeben; wählen Sie einen anderen.
fault-invisible-character = In diesem Feld steht ein unsichtbares Zeichen: Tippen Sie den Text ein, statt ihn einzufügen.
fault-stray-mark = Ein Akzent steht ohne seinen Buchstaben, oder auf einem Buchstaben stehen mehr als vier: Entfernen Sie ihn.
fault-mixed-scripts = Die Buchstaben stammen aus verschiedenen Alphabeten und könnten verwechselt werden: Verwenden Sie ein Alphabet.
fault-email-too-long = Die E-Mail-Adresse ist zu lang: Post erreicht höchstens { $max } Byte.
fault-email-no-address = Eine E-Mail-Adresse hat genau ein „@“, wie in name@example.org.
fault-email-imitated-sign = Ein Zeichen ahmt „@“ oder „.“ nach: Tippen Sie das gewöhnliche Zeichen.
fault-email-local-part-length = Der Teil vor „@“ muss 1 bis { $max } Byte haben.
fault-email-local-part = Der Teil vor „@“ darf Buchstaben, Ziffern und !#$%&'*+-/=?^_`{"{"}|{"}"}~ enthalten, mit einzelnen Punkten dazwischen; Formen in Anführungszeichen werden nicht unterstützt.
fault-email-domain = Der Teil nach „@“ ist kein Domainname: Er sollte aussehen wie example.org.
fault-email-ip-address = Der Teil nach „@“ ist eine IP-Adresse: Verwenden Sie eine Adresse mit einem Domainnamen.
fault-email-imitated-domain = Die Domain ahmt mit ähnlichen Buchstaben eine andere nach: Prüfen Sie sie und tippen Sie sie noch einmal.
fault-email-taken = Diese E-Mail-Adresse gehört zu einem anderen Konto; melden Sie sich dort an oder verwenden Sie eine andere Adresse.
fault-role-name = Eine Rolle hat 1 bis { $max } Zeichen aus a-z, 0-9, „_“ und „-“.
fault-locale-unknown = Das ist keine der Sprachen dieser Website: Wählen Sie eine andere.

fault-password-empty = Geben Sie ein Passwort ein.
fault-password-too-short = Das Passwort ist zu kurz: Verwenden Sie mindestens { $min } Zeichen. Mehrere Wörter ergeben ein gutes.
fault-password-too-long = Das Passwort ist zu lang: Verwenden Sie höchstens { $max } Zeichen.
fault-password-character = Das Passwort enthält ein Zeichen, das nicht jede Tastatur und jedes Gerät gleich schreibt, etwa einen Tabulator, ein unsichtbares Zeichen oder ein zusammengesetztes Emoji: Lassen Sie es weg.
fault-password-common = Dieses Passwort ist leicht zu erraten, wie häufige Wörter, Wiederholungen und Tastenreihen: Verwenden Sie mehrere Wörter, die nichts miteinander zu tun haben.
fault-password-holds-context = Das Passwort enthält „{ $word }“, was hier leicht zu erraten ist: Lassen Sie es weg.

fault-file-name-empty = Der Name fehlt.
fault-file-name-too-long = Der Name ist länger als { $max } Byte; kürzen Sie ihn.
fault-file-name-path = Der Name enthält ein „/“ oder ein „\“; lassen Sie die Ordner weg.
fault-file-name-control = Der Name enthält ein Steuerzeichen oder einen Zeilenumbruch; lassen Sie es weg.
fault-file-name-direction = Der Name enthält ein Zeichen, das die Schreibrichtung umkehrt; lassen Sie es weg.
fault-file-too-large = Eine Datei hat hier höchstens { $max_size }.
fault-quota-bytes = Alle Dateien einer Person dürfen zusammen { $allowed_size } belegen, und davon sind noch { $left_size } frei. Löschen Sie zuerst einige.
fault-quota-files = Eine Person darf { $allowed } Dateien haben. Löschen Sie zuerst einige.
fault-too-many-uploads = Bei Ihnen laufen { $max } Uploads; lassen Sie zuerst einen davon enden.
fault-too-many-downloads = Bei Ihnen laufen zu viele Downloads; lassen Sie zuerst einen davon enden.
fault-network-busy = Aus Ihrem Netz sind gerade zu viele Dateien unterwegs. Versuchen Sie es gleich noch einmal.
fault-share-with-self = Die Datei gehört Ihnen schon; nennen Sie jemand anderen.
fault-too-many-shares = Die Datei ist mit so vielen geteilt, wie es geht; beenden Sie zuerst eine dieser Freigaben.
fault-not-shared = Die Datei ist nicht mit dieser Person geteilt.
fault-shared-for-less = Diese Datei ist mit Ihnen geteilt, aber nicht dafür. Fragen Sie die Person, der sie gehört.

fault-feedback-empty = Noch steht hier keine Nachricht: Schreiben Sie eine.
fault-feedback-too-long = Die Nachricht ist zu lang: Verwenden Sie höchstens { $max } Zeichen.

fault-csrf-not-first = Das Formular ist nicht vollständig, oder csrf_token ist nicht sein erstes Feld. Laden Sie die Seite neu und senden Sie es noch einmal.
fault-origin-unknown = Diese Website ist für eine andere Adresse eingerichtet und kennt { $host } nicht. Wer sie betreibt, kann public_url auf die Adresse setzen, die Browser verwenden.
fault-registration-closed = Die Registrierung ist hier geschlossen. Wer diese Website betreibt, kann ein Konto für Sie anlegen.
fault-setup-closed = Dieser Link öffnet die Tür nicht (mehr). Solange es keinen Superuser gibt, nennt die Website bei jedem Start einen neuen.
fault-last-super-user = Das ist der letzte aktive Superuser, und niemand bliebe übrig, um die Website zu betreiben; ernennen Sie zuerst einen anderen.
fault-account-deleted = Dieses Konto ist gelöscht, und das bringt es nicht zurück; solange es zurückkommen kann, aktivieren Sie es zuerst.
fault-account-suspended = Dieses Konto ist gesperrt; bitten Sie die Betreiber, die Sperre aufzuheben.
fault-account-not-deleted = Dieses Konto ist nicht gelöscht; melden Sie sich damit an.
fault-too-many-roles = Ein Konto hat höchstens { $max } Rollen.

fault-body-broken-off = Der Inhalt ist nicht vollständig angekommen.
fault-body-too-large = Eine Anfrage hat hier höchstens { $max } Byte.
fault-form-unreadable = Das Formular lässt sich nicht lesen.
fault-form-not-text = Das Formular ist nicht in UTF-8.
fault-form-field-twice = Das Formular enthält ein Feld zweimal.
fault-form-too-many-fields = Das Formular enthält mehr Felder als jede Seite hier.
fault-form-type = Senden Sie das Formular als application/x-www-form-urlencoded.
fault-form-too-large = Ein Formular hat hier höchstens { $max } Byte.
fault-form-broken-off = Das Formular ist nicht vollständig angekommen.
fault-cookies-blocked = Ihr Browser blockiert Cookies für diese Website. Erlauben Sie sie und senden Sie das Formular dann noch einmal ab.
fault-content-is-no-code = Der Inhalt einer Datei kann kein Skript, kein Worker und kein Stylesheet einer Seite sein.

fault-account-not-active = Das Konto ist nicht aktiv: Aktivieren Sie es zuerst.
fault-mail-link-expired = Der Link in dieser E-Mail gilt nicht mehr lange genug: Ein neuer muss angefordert werden.
fault-mail-sent = Diese E-Mail wurde gesendet oder wird gerade gesendet.
fault-filter-limit = So viele Einträge können nicht gezeigt werden.
fault-filter-choice = Wählen Sie aus der Liste.
fault-filter-role = Das ist nicht der Name einer Rolle.
fault-filter-event = Das ist nicht der Name eines Ereignisses.
fault-filter-session = Das ist nicht der Name einer Sitzung.
fault-filter-person = Kein Konto hat diese Nummer, diesen Benutzernamen oder diese E-Mail-Adresse.
fault-filter-time = Schreiben Sie einen Tag wie 2026-11-24, einen Zeitpunkt wie 2026-11-24T14:03:59Z oder Sekunden seit 1970.
fault-filter-place = Das ist keine Stelle in der Liste.
fault-ring-none = Token werden mit HS256 und dem einen Schlüssel der Konfiguration signiert, der hier nicht wechselt; setzen Sie einen anderen `jwt_secret_key` und starten Sie neu, oder setzen Sie `tokens.algorithm` auf ES256 oder EdDSA.
fault-ring-busy = Der Schlüsselbund wurde ständig von anderen geändert; sehen Sie ihn an und versuchen Sie es noch einmal.
fault-ring-too-many = Es sind so viele Schlüssel in Gebrauch, dass kein weiterer gemacht wird; warten Sie, bis einige abgelaufen sind, oder ziehen Sie einen zurück.
fault-ring-no-active-key = Kein Schlüssel ist aktiv; rufen Sie `vestibule key rotate` auf.
fault-ring-no-such-key = Diesen Schlüssel gibt es nicht; `vestibule key list` zeigt alle.
fault-ring-unusable = Der Schlüsselbund lässt sich nicht verwenden; das Log sagt, warum.
