-- The sliding window of one caller, as in window.rs: a hash from second to number of requests.
-- KEYS[1]: the caller. ARGV: now, in seconds of the Unix epoch; the limit; the window, in seconds; 1 to count, 0 to
-- look. Returns: 1 if the request is allowed, else 0; the number of counted requests; when the oldest of them leaves the
-- window.
local now, limit, window = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local counts = redis.call('HGETALL', KEYS[1])

-- The clock of the replica that is ahead counts; one that is behind changes nothing.
local newest = now
for at = 1, #counts, 2 do
  newest = math.max(newest, tonumber(counts[at]))
end

local total, oldest, gone = 0, newest, {}
for at = 1, #counts, 2 do
  local second = tonumber(counts[at])
  if second < newest - window then
    gone[#gone + 1] = counts[at]
  else
    total = total + tonumber(counts[at + 1])
    oldest = math.min(oldest, second)
  end
end

local allowed = total < limit
if allowed and ARGV[4] == '1' then
  total = total + 1
  redis.call('HINCRBY', KEYS[1], string.format('%d', newest), 1)
  if #gone > 0 then
    redis.call('HDEL', KEYS[1], unpack(gone))
  end
  -- By then nothing counts any longer. So a clock that is far ahead does not shut callers out for longer.
  redis.call('EXPIRE', KEYS[1], window + 1)
end
return { allowed and 1 or 0, total, oldest + window + 1 }
