## Zeitpunkte, Größen, Zahlen, Geräte: woraus andere Texte zusammengesetzt werden.

date-moment = { $day }, { $time } UTC
date-day = { $day }. { $month } { $year }
date-day-short = { $day }. { $month }
date-month-1 = Jan.
date-month-2 = Feb.
date-month-3 = März
date-month-4 = Apr.
date-month-5 = Mai
date-month-6 = Juni
date-month-7 = Juli
date-month-8 = Aug.
date-month-9 = Sept.
date-month-10 = Okt.
date-month-11 = Nov.
date-month-12 = Dez.

number-decimal = ,
number-group = .

# Ab 1 KiB: { $unit } ist KiB, MiB, GiB oder TiB.
size = { $number } { $unit }
size-bytes = { $count } Byte

# Hinter „in“ und „warten Sie“.
wait-seconds =
    { $count ->
        [one] 1 Sekunde
       *[other] { $count } Sekunden
    }
wait-minutes =
    { $count ->
        [one] 1 Minute
       *[other] { $count } Minuten
    }

# Firefox unter Linux
device = { $program } unter { $system }
device-browser = Ein Browser
device-app = Eine App
