-- Begins a try.
--
-- KEYS: the failures of one limit by when they happened; its tries in flight by when their leases end.
-- ARGV: the try, the count, the window and the lease, in milliseconds.
-- Gives what stands in the way (nothing, tries in flight, failures) and for how many milliseconds.
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local count, window, lease = tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])

redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - window)
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now)
local failures = redis.call('ZCARD', KEYS[1])

if failures + redis.call('ZCARD', KEYS[2]) < count then
    redis.call('ZADD', KEYS[2], now + lease, ARGV[1])
    redis.call('PEXPIRE', KEYS[2], lease)
    return {0, 0}
end
if failures < count then
    return {1, 0}
end
-- There may be more failures than the count: as many as are too many have to leave.
local last = failures - count
local last_to_leave = redis.call('ZRANGE', KEYS[1], last, last, 'WITHSCORES')
return {2, (last_to_leave[2] or now) + window - now}
