import { describeKills } from './kills.suite.js';

/** Without the alerts, each of which takes its `for`; kills.servers.system.test.ts waits for them. */
describeKills({ alerts: false, awayMs: 3_000 });
