## Wo man angemeldet ist.

sessions-title = Ihre Sitzungen
sessions-about = Jede Anmeldung, auf jedem Gerät. Beenden Sie, was Sie nicht kennen, und ändern Sie Ihr Passwort, wenn eine davon nicht von Ihnen war.
sessions-now = Jetzt angemeldet
sessions-none = Es ist keine Sitzung offen.
sessions-end-others = Alle anderen Sitzungen beenden
sessions-ended = Beendet
session-here = Dieses Gerät
session-this = Diese Sitzung
session-open = Angemeldet
session-end = Beenden
# Hinter „Beenden“, für alle, die die Seite hören.
session-end-which = der Sitzung auf { $device }, { $address }
session-logout = Abmelden
session-address = Adresse
session-created = Angemeldet
session-last-used = Zuletzt benutzt
session-ended-at = Beendet
session-carrier = Art
session-carrier-cookie = Cookie im Browser
session-carrier-header = Token einer App

session-end-signed-out = Abgemeldet
session-end-by-user = Von Ihnen beendet
session-end-replaced = Neu angemeldet
session-end-password = Passwort geändert
session-end-suspended = Konto gesperrt
session-end-deleted = Konto gelöscht
session-end-by-admin = Von der Website beendet
session-end-theft = Jemand anders hatte eine Kopie
session-end-too-many = Zu viele Geräte: dieses war am längsten unbenutzt
session-end-idle = Zu lange nicht benutzt

renewals-title = Wie sie erneuert wurde
renewals-about = Solange eine Sitzung benutzt wird, bekommt sie alle paar Minuten neue Schlüssel. Das Neueste steht zuerst.
renewals-about-cut = Solange eine Sitzung benutzt wird, bekommt sie alle paar Minuten neue Schlüssel. Das Neueste steht zuerst; was weiter zurückliegt, wird nicht aufbewahrt.
renewals-none = Noch nichts.
renewal-alarm = Alarm
renewal-times =
    { $count ->
        [one] einmal
       *[other] { $count }-mal
    }
renewal-facts = { $when }, { $device }, von { $address }
renewal-facts-span = { $first } bis { $when }, { $device }, von { $address }
renewal-advanced = Erneuert
renewal-concurrent = Von mehreren Anfragen zugleich erneuert
renewal-lost-answer = Noch einmal erneuert, weil eine Antwort unterwegs verloren ging
renewal-theft = Ein alter Schlüssel wurde noch einmal benutzt: Jemand anders hatte eine Kopie
renewal-ended = Abgelehnt, weil die Sitzung beendet war
renewal-idle = Abgelehnt, weil die Sitzung zu lange nicht benutzt wurde
renewal-past-end = Abgelehnt, weil die Sitzung ihre längste Dauer erreicht hatte
renewal-not-issued = Abgelehnt, weil diese Website ihn nicht ausgegeben hatte
renewal-superseded = Abgelehnt, weil das Passwort inzwischen geändert wurde
sessions-more = Weitere Sitzungen
