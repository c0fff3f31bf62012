## Moments, sizes, numbers, devices: what other texts are put together from.

date-moment = { $day }, { $time } UTC
date-day = { $day } { $month } { $year }
date-day-short = { $day } { $month }
date-month-1 = Jan
date-month-2 = Feb
date-month-3 = Mar
date-month-4 = Apr
date-month-5 = May
date-month-6 = Jun
date-month-7 = Jul
date-month-8 = Aug
date-month-9 = Sep
date-month-10 = Oct
date-month-11 = Nov
date-month-12 = Dec

number-decimal = .
number-group = ,

# From 1 KiB on: { $unit } is KiB, MiB, GiB or TiB.
size = { $number } { $unit }
size-bytes =
    { $count ->
        [one] 1 byte
       *[other] { $count } bytes
    }

# Behind "in" and "wait".
wait-seconds =
    { $count ->
        [one] 1 second
       *[other] { $count } seconds
    }
wait-minutes =
    { $count ->
        [one] 1 minute
       *[other] { $count } minutes
    }

# Firefox on Linux
device = { $program } on { $system }
device-browser = A browser
device-app = An app
