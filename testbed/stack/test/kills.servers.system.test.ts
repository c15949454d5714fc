import { describeKills } from './kills.suite.js';

describeKills({ alerts: true, awayMs: 0 });
