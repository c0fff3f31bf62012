## Die eigenen Dateien.

files-title = Ihre Dateien
files-used = { $used } von { $quota } belegt
files-upload = Hochladen
files-file = Datei
files-at-most = Höchstens { $size }.
files-drop = Sie können Dateien auch hier ablegen.
files-choose-first = Wählen Sie zuerst eine Datei.
files-under-way = Laufende Uploads
files-yours = Ihre eigenen
files-none = Sie haben hier noch keine Dateien.
files-no-more = Es gibt keine weiteren Dateien.
files-older = Ältere Dateien
files-latest = Zurück zu den neuesten Dateien
files-shared = Mit Ihnen geteilt
file-of = von { $name }
file-read = Lesen
file-read-write = Lesen und schreiben
file-shared-count =
    { $count ->
        [one] Mit 1 Person geteilt
       *[other] Mit { $count } Personen geteilt
    }
file-download = Herunterladen
file-more = Teilen oder löschen
file-shared-with = Geteilt mit
file-unshare = Beenden
# Hinter „Beenden“, für alle, die die Seite hören.
file-unshare-which = der Freigabe von { $file } für { $name }
file-share-with = Teilen mit
file-share-name = Benutzername
file-share-for = Zum
file-share-reading = Lesen
file-share-writing = Lesen und Schreiben
file-share = Teilen
file-delete-sure = Ja, diese Datei endgültig löschen
file-delete = Löschen
file-leave = Von dieser Liste nehmen

file-kind-pdf = PDF
file-kind-json = JSON
file-kind-archive = Archiv
file-kind-picture = Bild
file-kind-sound = Ton
file-kind-film = Film
file-kind-text = Text
file-kind-document = Dokument
file-kind-other = Datei

## Was das Skript der Seite sagt, während etwas hochgeladen wird.

upload-waiting = Wartet
upload-progress = { $sent } von { $size }
upload-bytes = { $count } Byte
upload-lost = Verbindung verloren. Neuer Versuch …
upload-sign-in = Bitte melden Sie sich noch einmal an und laden Sie es dann erneut hoch.
upload-refused = Der Upload wurde abgelehnt.
upload-other-user = In diesem Browser sind Sie jetzt als { $name } angemeldet. Laden Sie die Seite neu, um in dieses Konto hochzuladen.
upload-outdated = Laden Sie die Seite neu und laden Sie die Datei dann noch einmal hoch.
upload-failed = Der Upload ist fehlgeschlagen.
upload-too-large = Sie ist größer als { $size }.
upload-cancel = Abbrechen
upload-again = Noch einmal
upload-dismiss = Schließen
upload-stored = Gespeichert
upload-stored-news = { $name } ist gespeichert
files-offered = Ihnen angeboten
file-accept = Annehmen
file-decline = Ablehnen
file-offered = Noch nicht angenommen
