## E-Mails. Die mit `-subject` sind Betreffe, die mit `-title` Überschriften, und die mit `-plain` stehen nur im
## reinen Text, wo ein Link auf einer eigenen Zeile folgt. Kein Text enthält etwas, das jemand eingegeben hat.

mail-hello = Guten Tag,
mail-not-you = Wenn Sie das nicht waren, müssen Sie nichts tun.
mail-choose-password = Neues Passwort wählen
mail-log-in = Anmelden
mail-look-at-sessions = Meine Sitzungen ansehen
mail-verify-button = Meine Adresse bestätigen

mail-link-hours =
    { $hours ->
        [one] Der Link gilt 1 Stunde. Sie können jederzeit { $again }.
       *[other] Der Link gilt { $hours } Stunden. Sie können jederzeit { $again }.
    }
mail-link-hours-plain =
    { $hours ->
        [one] Der Link gilt 1 Stunde. Sie können jederzeit einen neuen bekommen:
       *[other] Der Link gilt { $hours } Stunden. Sie können jederzeit einen neuen bekommen:
    }
mail-link-minutes =
    { $minutes ->
        [one] Der Link gilt einmal, 1 Minute lang. Sie können jederzeit { $again }.
       *[other] Der Link gilt einmal, { $minutes } Minuten lang. Sie können jederzeit { $again }.
    }
mail-link-minutes-plain =
    { $minutes ->
        [one] Der Link gilt einmal, 1 Minute lang. Sie können jederzeit einen neuen bekommen:
       *[other] Der Link gilt einmal, { $minutes } Minuten lang. Sie können jederzeit einen neuen bekommen:
    }
# Der Link der beiden Sätze oben.
mail-link-again = einen neuen bekommen

mail-verify-subject = Bestätigen Sie Ihre E-Mail-Adresse für { $site }
mail-verify-title = Ist das Ihre Adresse?
mail-verify-text = Für ein Konto bei { $site } wurde diese E-Mail-Adresse angegeben. Wenn Sie das waren, drücken Sie den Knopf auf dieser Seite:
mail-verify-plain = für ein Konto bei { $site } wurde diese E-Mail-Adresse angegeben. Wenn Sie das waren, öffnen Sie diese Seite und drücken Sie den Knopf darauf:
mail-verify-not-you = Wenn Sie das nicht waren, müssen Sie nichts tun. Die Adresse bleibt unbestätigt.

mail-registered-subject = Sie haben schon ein Konto bei { $site }
mail-registered-text = Jemand, wahrscheinlich Sie, wollte bei { $site } ein Konto mit dieser E-Mail-Adresse anlegen. Es gibt schon eines. Es wurde nichts geändert: Melden Sie sich mit dem Konto an, das Sie haben.
mail-registered-plain = jemand, wahrscheinlich Sie, wollte bei { $site } ein Konto mit dieser E-Mail-Adresse anlegen. Es gibt schon eines, darum wurde nichts geändert. Melden Sie sich mit der Adresse und dem Passwort dieses Kontos an:
mail-registered-forgot = Passwort vergessen? { $choose }.
mail-registered-forgot-link = Wählen Sie ein neues
mail-registered-forgot-plain = Passwort vergessen? Wählen Sie ein neues:
mail-registered-deleted-subject = Kein neues Konto bei { $site }
mail-registered-deleted-text = Jemand, wahrscheinlich Sie, wollte bei { $site } ein Konto mit dieser E-Mail-Adresse anlegen. Sie gehörte zu einem Konto, das gelöscht wurde, und wird vorerst nicht wieder vergeben. Es wurde nichts geändert.
mail-registered-deleted-plain = jemand, wahrscheinlich Sie, wollte bei { $site } ein Konto mit dieser E-Mail-Adresse anlegen. Sie gehörte zu einem Konto, das gelöscht wurde, und wird vorerst nicht wieder vergeben. Es wurde nichts geändert.
mail-registered-deleted-back = Um zurückzukommen, verwenden Sie eine andere Adresse oder fragen Sie die Betreiber der Website.

mail-change-subject = Ihre neue E-Mail-Adresse für { $site }
mail-change-title = Ist das Ihre neue Adresse?
mail-change-text = Ein Konto bei { $site } soll von jetzt an diese E-Mail-Adresse haben. Wenn Sie das möchten, drücken Sie den Knopf auf dieser Seite:
mail-change-plain = ein Konto bei { $site } soll von jetzt an diese E-Mail-Adresse haben. Wenn Sie das möchten, öffnen Sie diese Seite und drücken Sie den Knopf darauf:
mail-change-button = Diese Adresse verwenden
mail-change-until =
    { $hours ->
        [one] Der Link gilt 1 Stunde. Bis Sie ihm folgen, behält das Konto die Adresse, die es hat.
       *[other] Der Link gilt { $hours } Stunden. Bis Sie ihm folgen, behält das Konto die Adresse, die es hat.
    }

mail-taken-subject = Diese E-Mail-Adresse gehört zu einem Konto bei { $site }
mail-taken-text = Jemand, wahrscheinlich Sie, wollte diese E-Mail-Adresse einem anderen Konto bei { $site } geben. Sie gehört schon zu einem, und eine Adresse gehört nur zu einem Konto. Es wurde nichts geändert.
mail-taken-plain = jemand, wahrscheinlich Sie, wollte diese E-Mail-Adresse einem anderen Konto bei { $site } geben. Sie gehört schon zu einem, und eine Adresse gehört nur zu einem Konto. Es wurde nichts geändert.
mail-taken-how = Um sie dort zu verwenden, geben Sie diesem Konto zuerst eine andere Adresse oder löschen Sie es.
mail-taken-deleted-text = Jemand, wahrscheinlich Sie, wollte diese E-Mail-Adresse einem Konto bei { $site } geben. Sie gehörte zu einem Konto, das gelöscht wurde, und wird vorerst nicht wieder vergeben. Es wurde nichts geändert.
mail-taken-deleted-plain = jemand, wahrscheinlich Sie, wollte diese E-Mail-Adresse einem Konto bei { $site } geben. Sie gehörte zu einem Konto, das gelöscht wurde, und wird vorerst nicht wieder vergeben. Es wurde nichts geändert.

mail-asked-subject = Für Ihr Konto bei { $site } wurde eine andere E-Mail-Adresse angefragt
mail-asked-title = Waren Sie das?
mail-asked-text = Am { $when } wurde für Ihr Konto bei { $site } eine andere E-Mail-Adresse angefragt. Bis sie bestätigt ist, behält Ihr Konto diese.
mail-asked-plain = am { $when } wurde für Ihr Konto bei { $site } eine andere E-Mail-Adresse angefragt. Bis sie bestätigt ist, behält Ihr Konto diese.
mail-asked-not-you = Wenn Sie das nicht waren, brechen Sie es auf dieser Seite ab. Dabei werden auch alle Geräte abgemeldet. Wählen Sie danach ein neues Passwort.
mail-asked-button = Abbrechen und überall abmelden
mail-asked-was-you = Wenn Sie es waren, müssen Sie nichts tun.
mail-changed-subject = Die E-Mail-Adresse Ihres Kontos bei { $site } wurde geändert
mail-changed-text = Ihr Konto bei { $site } hat am { $when } eine andere E-Mail-Adresse bekommen. Diese hier gehört nicht mehr dazu.
mail-changed-plain = Ihr Konto bei { $site } hat am { $when } eine andere E-Mail-Adresse bekommen. Diese hier gehört nicht mehr dazu.
mail-changed-not-you = Wenn Sie das waren, müssen Sie nichts tun. Wenn nicht, ist jemand anders in Ihrem Konto: Sagen Sie es sofort den Betreibern der Website.

mail-forgotten-subject = Ein neues Passwort für { $site }
mail-forgotten-text = Jemand, wahrscheinlich Sie, möchte ein neues Passwort für Ihr Konto bei { $site }. Wählen Sie eines auf dieser Seite:
mail-forgotten-plain = jemand, wahrscheinlich Sie, möchte ein neues Passwort für Ihr Konto bei { $site }. Wählen Sie eines auf dieser Seite:
mail-forgotten-not-you = Wenn Sie das nicht waren, müssen Sie nichts tun. Ihr Passwort bleibt, wie es ist.

mail-reset-subject = Wählen Sie ein neues Passwort für { $site }
mail-reset-text = Die Betreiber von { $site } bitten Sie, ein neues Passwort für Ihr Konto zu wählen. Das geht auf dieser Seite:
mail-reset-plain = die Betreiber von { $site } bitten Sie, ein neues Passwort für Ihr Konto zu wählen. Das geht auf dieser Seite:
mail-reset-nobody = Ihr Passwort kennt niemand außer Ihnen.

mail-password-subject = Ihr Passwort bei { $site } wurde geändert
mail-password-text = Das Passwort Ihres Kontos bei { $site } wurde am { $when } geändert. Jedes andere Gerät wurde abgemeldet.
mail-password-plain = das Passwort Ihres Kontos bei { $site } wurde am { $when } geändert. Jedes andere Gerät wurde abgemeldet.
mail-password-not-you = Wenn Sie das waren, müssen Sie nichts tun. Wenn nicht, kannte jemand anders Ihr Passwort: Wählen Sie sofort ein neues.
mail-password-not-you-plain = Wenn Sie das waren, müssen Sie nichts tun. Wenn nicht, kannte jemand anders Ihr Passwort. Wählen Sie sofort ein neues:

mail-device-subject = Ein neues Gerät ist bei { $site } angemeldet
mail-device-text = Jemand hat sich bei Ihrem Konto bei { $site } mit einem Gerät angemeldet, das wir in letzter Zeit nicht gesehen haben:
mail-device-plain = jemand hat sich bei Ihrem Konto bei { $site } mit einem Gerät angemeldet, das wir in letzter Zeit nicht gesehen haben:
mail-device-address = Netzwerkadresse { $address }
mail-device-not-you = Wenn Sie das waren, müssen Sie nichts tun. Wenn nicht, beenden Sie diese Sitzung und ändern Sie Ihr Passwort.
mail-device-not-you-plain = Wenn Sie das waren, müssen Sie nichts tun. Wenn nicht, beenden Sie diese Sitzung:
mail-then-password = Wählen Sie dann ein neues Passwort:

mail-theft-subject = Wir haben eine Ihrer Sitzungen bei { $site } beendet
mail-theft-text = Am { $when } wurde eine Sitzung Ihres Kontos bei { $site } von zwei Orten aus so benutzt, wie es nur eine Kopie erklärt. Jemand hat sie vielleicht von einem Ihrer Geräte genommen. Wir haben diese Sitzung beendet, und die Kopie mit ihr.
mail-theft-plain = am { $when } wurde eine Sitzung Ihres Kontos bei { $site } von zwei Orten aus so benutzt, wie es nur eine Kopie erklärt. Jemand hat sie vielleicht von einem Ihrer Geräte genommen. Wir haben diese Sitzung beendet, und die Kopie mit ihr.
mail-theft-what = Bitte melden Sie sich noch einmal an und beenden Sie die Sitzungen, die Sie nicht kennen. Dann { $choose }.
mail-theft-what-link = wählen Sie ein neues Passwort
mail-theft-what-plain = Bitte melden Sie sich noch einmal an und beenden Sie die Sitzungen, die Sie nicht kennen:

mail-deleted-subject = Ihr Konto bei { $site } wurde gelöscht
mail-deleted-text = Ihr Konto bei { $site } wurde am { $when } gelöscht. Es ist überall abgemeldet, und niemand sieht mehr, was dazugehört.
mail-deleted-plain = Ihr Konto bei { $site } wurde am { $when } gelöscht. Es ist überall abgemeldet, und niemand sieht mehr, was dazugehört.
mail-deleted-until = Was die Website von Ihnen weiß, und Ihre Dateien, werden am { $until } endgültig entfernt. Der Benutzername wird nicht wieder vergeben.
mail-deleted-keep = Um Ihr Konto zu behalten, melden Sie sich vor diesem Tag mit Ihrem Passwort an und antworten Sie, dass Sie es zurückhaben möchten.
mail-deleted-keep-plain = Um Ihr Konto zu behalten, melden Sie sich vor diesem Tag mit Ihrem Passwort an und antworten Sie, dass Sie es zurückhaben möchten:
mail-deleted-button = Mein Konto behalten
mail-deleted-not-you = Wenn nicht Sie es gelöscht haben, kennt jemand anders Ihr Passwort: Nehmen Sie das Konto zurück und ändern Sie dann das Passwort.

mail-feedback-subject = Feedback für { $site }
mail-feedback-from = Von: { $name } (Nr. { $number })
mail-feedback-from-nobody = Von: jemandem, der nicht angemeldet war
mail-feedback-answer = Antwort an: { $email }
mail-feedback-all = Alles Feedback
mail-feedback-all-at = Alles Feedback: { $link }

mail-restored-subject = Ihr Konto bei { $site } bleibt
mail-restored-text = Ihr Konto bei { $site } war gelöscht und wurde am { $when } zurückgenommen. Es ist, wie es war, und nichts davon wird entfernt.
mail-restored-plain = Ihr Konto bei { $site } war gelöscht und wurde am { $when } zurückgenommen. Es ist, wie es war, und nichts davon wird entfernt.
mail-restored-not-you = Wenn Sie das nicht waren, kennt vielleicht jemand anders Ihr Passwort: Wählen Sie sofort ein neues.
mail-restored-not-you-plain = Wenn Sie das nicht waren, kennt vielleicht jemand anders Ihr Passwort. Wählen Sie sofort ein neues:
