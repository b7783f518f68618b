-- Cycles through prepared requests. Arguments: the file of requests (method, path, headers, body, separated by tabs),
-- the number of threads, and the number of this run, which replaces RUN in bodies.
-- Each thread takes every n-th line, so that no two threads send the same request.

local threads = {}

function setup(thread)
  thread:set("number", #threads)
  threads[#threads + 1] = thread
end

local requests = {}
local at = 0

function init(arguments)
  local count, run, line_number = tonumber(arguments[2]), arguments[3], 0
  for line in io.lines(arguments[1]) do
    if line_number % count == number then
      local method, path, head, body = line:match("^([^\t]*)\t([^\t]*)\t([^\t]*)\t(.*)$")
      local headers = {}
      for name, value in head:gmatch("([^=;]+)=([^;]*)") do
        headers[name] = value
      end
      body = body ~= "" and body:gsub("RUN", run) or nil
      requests[#requests + 1] = wrk.format(method, path, headers, body)
    end
    line_number = line_number + 1
  end
end

function request()
  at = at % #requests + 1
  return requests[at]
end

function done(summary, latency, _)
  io.write(string.format(
    '{"requests":%d,"duration_us":%d,"not_ok":%d,"broken":%d,"p50_us":%d,"p99_us":%d}\n',
    summary.requests, summary.duration, summary.errors.status,
    summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout,
    latency:percentile(50), latency:percentile(99)))
end
