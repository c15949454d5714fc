/** What `--help` says. */
export const HELP = `Polls targets and takes writes, and brings all of it to files or to every InfluxDB.

Usage: telemetry-collector [options]

  --for <duration>  stop after that time with a summary, such as 20s or 5m
  --plain           lines instead of a live table
  --help, --version

Settings come from the environment; these are the first to know:

  TARGETS_FILE      the targets to poll (YAML). Without it, a demo on this machine
  DATA_DIR          where points are written (default: data)
  INFLUX_URLS, INFLUX_TOKEN, INFLUX_ORG, INFLUX_BUCKET
                    deliver to every one of these servers instead, through a log on disk
  SPOOL_DIR, SPOOL_MAX_BYTES, SPOOL_MAX_AGE, SPOOL_WHEN_FULL, ACK_HOLD
                    where that log is, how large and how old it may become
  HANDOVER_URL, HANDOVER_TOKEN
                    peers that take what is left when it is told to stop
  REDIS_URL         a Redis through which collectors share the targets, instead of each polling all
  FLEET, REPLICA_ID, FLEET_LEASE, SHARED_BREAKER
                    which of them share, under which name this one does, how long a silent one
                    keeps its targets (15 s), and whether they tell each other which targets fail
  SCALING_ENABLED   false: share nothing, even where there is a REDIS_URL
  HOST, PORT        where /targets, /metrics and /health are served (127.0.0.1, 8080)
  API_TOKEN         what POST requests must carry; needed to listen beyond this machine
  MAX_BODY_BYTES, LANE_MAX_LAG
                    the longest write to /write, and when a lane counts as behind
  LOG_LEVEL         fatal, error, warn, info, debug or trace (default: info), on stderr
  DRAIN_TIMEOUT     seconds to finish what runs when it is told to stop (25)

  MAX_CONCURRENT_TARGETS, MAX_CONCURRENT_OPERATIONS, BATCH_SIZE, WORKER_POOL_SIZE,
  CIRCUIT_FAILURE_THRESHOLD, CIRCUIT_RECOVERY_TIMEOUT, CIRCUIT_SUCCESS_THRESHOLD,
  MAX_CONNECTIONS, MAX_CONNECTIONS_PER_HOST, KEEPALIVE_TIMEOUT, CONNECTION_TIMEOUT, READ_TIMEOUT, DNS_SERVERS

SIGTERM and SIGINT finish what runs, write and deliver it, and exit with 0. SIGHUP reads the targets file again.
`;
