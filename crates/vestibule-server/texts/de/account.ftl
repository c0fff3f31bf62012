## Das eigene Konto.

account-title = Ihr Konto
account-verified = E-Mail-Adresse bestätigt
account-unverified = E-Mail-Adresse noch nicht bestätigt
account-super-user = Superuser
account-since = Hier seit { $date }
account-details = Name und E-Mail-Adresse
account-pending = Eine Nachricht wurde an { $email } gesendet. Diese Adresse gilt, sobald Sie dem Link darin gefolgt sind; bis dahin gilt die folgende.
account-pending-cancel = Diese Änderung abbrechen
account-email-hint = Eine neue Adresse gilt, sobald sie bestätigt ist.
account-language = Sprache
account-language-hint = Für die Seiten und die Nachrichten, die wir Ihnen senden.
account-language-browser = Wie mein Browser sagt
account-save = Speichern
account-getting-in = Zugang
account-password = Passwort ändern
account-password-about = Meldet jedes andere Gerät ab
account-sessions = Sitzungen
account-sessions-about = Wo Sie angemeldet sind, und wie Sie sich anderswo abmelden

password-title = Passwort ändern
password-about = Wenn sich das Passwort ändert, wird jedes andere Gerät abgemeldet. Dieses bleibt angemeldet.
password-current = Bisheriges Passwort
password-new = Neues Passwort
password-cancel = Abbrechen
password-not-current = Das ist nicht Ihr bisheriges Passwort.

account-leaving = Abschied
account-delete-summary = Dieses Konto löschen
account-delete-text = Das Löschen meldet Sie sofort überall ab, und niemand sieht mehr Ihre Dateien. 14 Tage lang können Sie es zurücknehmen: Melden Sie sich an und sagen Sie es. Danach werden Ihre Dateien und was die Website von Ihnen weiß endgültig entfernt. Der Name { $name } wird nicht wieder vergeben.
account-delete-sure = Ja, mein Konto löschen
account-delete = Konto löschen

account-data = Ihre Daten
account-export = Meine Daten herunterladen
account-export-about = Was { $site } von Ihnen weiß, als eine Datei: Konto, Sitzungen, was geschah, Feedback, E-Mails und Links zu Ihren Dateien

restore-title = Konto behalten?
restore-text = Sie haben das Konto { $name } gelöscht. Was dazugehört, soll am { $until } endgültig entfernt werden.
restore-until = Bis dahin können Sie es zurückhaben, wie es war, mit Ihren Dateien und dem, was mit Ihnen geteilt war.
restore-button = Konto behalten und anmelden
restore-not = Nein, es soll gehen
