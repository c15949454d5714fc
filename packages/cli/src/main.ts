#!/usr/bin/env node
process.stdout.write('usage: breakwater <command>\n');
