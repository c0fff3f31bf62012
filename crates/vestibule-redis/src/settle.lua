-- Settles tries, in one go. Settling one again changes nothing.
--
-- KEYS: for each try its limit's failures and tries in flight, as for begin.
-- ARGV: for each try its name, 1 where it has failed, and the window in milliseconds.
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)

for n = 1, #KEYS / 2 do
    local failures, in_flight = KEYS[2 * n - 1], KEYS[2 * n]
    local try, has_failed, window = ARGV[3 * n - 2], ARGV[3 * n - 1], ARGV[3 * n]
    redis.call('ZREM', in_flight, try)
    if has_failed == '1' and redis.call('ZADD', failures, 'NX', now, try) == 1 then
        redis.call('PEXPIRE', failures, window)
    end
end
