## Die Seiten derer, die die Website betreiben.

admin-rooms = Verwaltung
admin-overview = Übersicht
admin-accounts = Konten
admin-audit = Protokoll
admin-mails = E-Mails
admin-feedback = Feedback
admin-keys = Schlüssel
admin-number = Nr. { $number }
admin-all = Alle
admin-search = Suchen
admin-start = Zum Anfang
admin-next = Nächste Seite
admin-no-entries = Hier ist nichts.
admin-nothing-yet = Noch nichts.

# Hinter einer Zahl: 12 Konten.
admin-tile-accounts = Konten
admin-tile-sessions = offene Sitzungen
admin-tile-feedback = wartendes Feedback

chart-by-day = { $title }, Tag für Tag
chart-table-follows = Dasselbe folgt als Tabelle.
chart-table = Als Tabelle
chart-day = Tag
chart-today = Heute
chart-none =
    { $days ->
        [one] Keine in 1 Tag.
       *[other] Keine in { $days } Tagen.
    }
chart-summary =
    { $days ->
        [one] { $all } in 1 Tag, davon { $today } heute.
       *[other] { $all } in { $days } Tagen, davon { $today } heute.
    }
chart-summary-none-today =
    { $days ->
        [one] { $all } in 1 Tag, davon keine heute.
       *[other] { $all } in { $days } Tagen, davon keine heute.
    }
chart-sign-ins = Anmeldungen
chart-failures = Fehlgeschlagene Anmeldungen
chart-failures-wrong = Falsch
chart-failures-held = Aufgehalten
chart-sessions = Sitzungen
chart-sessions-begun = Begonnen
chart-sessions-ended = Von jemandem beendet
chart-renewals = Erneuerungen
chart-renewals-first = Erste
chart-renewals-at-once = Zugleich
chart-renewals-lost = Antwort verloren
chart-thefts = Gestohlene Token bemerkt
chart-thefts-series = Diebstähle
chart-refusals = Abgelehnte Anfragen
chart-refusals-not-allowed = Nicht erlaubt
chart-refusals-elsewhere = Von anderswo
chart-refusals-too-many = Zu viele

accounts-query = Name, E-Mail oder Nr.
accounts-status = Status
accounts-role = Rolle
accounts-runs = Betreibt die Website
accounts-super-users = Superuser
accounts-none = So ist kein Konto.
accounts-no = Nr.
accounts-username = Benutzername
accounts-email = E-Mail-Adresse
accounts-roles = Rollen
accounts-since = Seit
status-active = Aktiv
status-suspended = Gesperrt
status-deleted = Gelöscht

user-super-user = Superuser
user-you = Sie
user-verified = E-Mail-Adresse bestätigt
user-unverified = E-Mail-Adresse nicht bestätigt
user-since = Nr. { $number }, seit { $date }
user-standing = Status
user-deleted = Dieses Konto ist gelöscht und kommt nicht zurück. Sein Name wird nicht wieder vergeben.
user-deleted-by-owner = Von der Person gelöscht, der es gehört; sie kann das zurücknehmen.
user-deleted-by-site = Von einem Administrator gelöscht.
user-deleted-until = Was dazugehört, wird am { $date } endgültig entfernt.
user-restore = Zurückholen
user-keep-deleted = Zurücknehmen nicht mehr zulassen
user-suspend = Sperren
user-activate = Aktivieren
user-reset = Link für neues Passwort senden
user-reset-whom = an { $name }
user-take-super-user = Superuser entziehen
user-make-super-user = Zum Superuser machen
user-roles = Rollen
user-no-roles = Keine Rollen.
user-role-take = Entziehen
user-role-which = der Rolle { $role }
user-role-another = Weitere Rolle
user-role-give = Geben
user-sessions = Sitzungen
user-device = Gerät
user-state = Zustand
user-session-which = der Sitzung auf { $device }
user-end-all = Alle Sitzungen beenden
user-end-all-whose = von { $name }
user-no-sessions = Keine Sitzung in den letzten 30 Tagen.
user-lately = Was zuletzt geschah
user-all-of-it = Alles, was mit diesem Konto geschah
user-all-by-it = Alles, was es getan hat
user-its-mails = Seine E-Mails
user-deleting = Löschen
user-delete-summary = Dieses Konto löschen
user-delete-text = Das Löschen beendet sofort jede Sitzung. 14 Tage lang kann ein Administrator das Konto zurückholen; danach wird endgültig entfernt, was dazugehört. Der Name { $name } wird nicht wieder vergeben.
user-delete-sure = Ja, dieses Konto löschen
user-delete = Konto löschen
user-session = Sitzung
user-agent = Programm
user-agent-none = Nicht genannt
user-session-all = Alles, was in dieser Sitzung geschah

audit-what = Was
audit-account = Konto
audit-actor = Von wem
audit-address = Von Adresse
audit-session = Sitzung
audit-from-day = Ab Tag
audit-to-day = Bis Tag
audit-none = So etwas ist nicht geschehen.
audit-csv = All das als Tabelle für ein Tabellenprogramm (CSV)
audit-when = Wann
audit-by = Von
audit-from = Woher
# Vor ihrem Namen.
audit-in-session = Sitzung

event-login = Angemeldet
event-login-fail = Falsches Passwort
event-login-lock = Nach zu vielen Versuchen aufgehalten
event-password = Passwort geändert
event-token-created = Token ausgestellt
event-token-revoked = Token widerrufen
event-token-reuse = Gestohlenes Token bemerkt
event-not-allowed = Nicht erlaubt
event-admin = Verwaltung
event-csrf = Anfrage von anderswo abgelehnt
event-rate-limit = Zu viele Anfragen
event-token-forged = Gefälschtes Token
event-direct-reference = Zugriff auf Fremdes
event-session-created = Sitzung begonnen
event-session-renewed = Sitzung erneuert
event-session-expired = Erneuerung abgelehnt
event-session-logout = Sitzung beendet
event-user-created = Konto angelegt
event-user-updated = Konto geändert
event-user-deleted = Konto gelöscht
event-user-restored = Gelöschtes Konto zurückgeholt
event-startup = Website gestartet
event-shutdown = Website beendet

mails-into-files = Es ist kein Mailserver eingestellt ({ $key }): E-Mails werden als Dateien unter { $folder } geschrieben und erreichen niemanden.
mails-state = Zustand
mails-account = Konto
mails-written = Geschrieben
mails-about = Worüber
mails-to = An
mails-waiting = Wartet
mails-sent = Gesendet
mails-given-up = Aufgegeben
mails-tried =
    { $tries ->
        [one] einmal versucht, wieder { $when }
       *[other] { $tries }-mal versucht, wieder { $when }
    }
mails-after =
    { $tries ->
        [one] { $when }, nach 1 Versuch
       *[other] { $when }, nach { $tries } Versuchen
    }
mails-try-now = Jetzt versuchen
mails-try-which = die E-Mail an { $recipient } zu senden
mail-kind-verify-address = Adresse bestätigen
mail-kind-registered-again = Noch einmal registriert
mail-kind-change-address = Adresse ändern
mail-kind-address-asked = Andere Adresse angefragt
mail-kind-address-taken = Adresse vergeben
mail-kind-address-changed = Adresse geändert
mail-kind-password-forgotten = Passwort vergessen
mail-kind-reset-started = Neues Passwort erbeten
mail-kind-password-changed = Passwort geändert
mail-kind-new-device = Neues Gerät
mail-kind-theft-noticed = Diebstahl bemerkt
mail-kind-deleted = Gelöscht
mail-kind-restored = Zurückgeholt
mail-kind-feedback = Feedback

feedback-waiting = Wartet
feedback-done = Erledigt
feedback-open-again = Wieder öffnen
feedback-open-which = das Feedback Nr. { $number }
feedback-done-which = mit dem Feedback Nr. { $number }
feedback-from = Von { $name }
feedback-from-nobody = Von jemandem, der nicht angemeldet war
feedback-answer = Antwort an { $email }

keys-shared = Zugriffstoken werden mit dem einen Schlüssel der Konfiguration signiert, der hier nicht wechselt.
keys-about = Diese Schlüssel signieren Zugriffstoken und wechseln von selbst. Ein Wechsel meldet niemanden ab. Zurückzuziehen ist ein Schlüssel, den andere kennen könnten: Jedes Zugriffstoken, das er signiert hat, wird von da an abgelehnt und erneuert.
keys-key = Schlüssel
keys-algorithm = Verfahren
keys-state = Zustand
keys-made = Erzeugt
keys-since = Seit
keys-retire = Zurückziehen
keys-retire-which = den Schlüssel { $kid }
keys-rotate = Jetzt wechseln
key-active = Aktiv
key-next = Nächster
key-retiring = Läuft aus
key-retired = Zurückgezogen
