import type { CommandEntry } from './command.js';

/** In the order of the help. Each is loaded when it is asked for: what it stands on takes longer than what it does. */
export const commands: readonly CommandEntry[] = [
  {
    name: 'init',
    summary: 'Write a commented stack file, and targets, to start from',
    load: async () => (await import('./commands/init.js')).init,
  },
  {
    name: 'generate',
    summary: 'Render everything that the stack file describes',
    load: async () => (await import('./commands/generate.js')).generate,
  },
  {
    name: 'check',
    summary: 'Prove that the files of a stack fit together, before it is deployed',
    load: async () => (await import('./commands/check.js')).check,
  },
  {
    name: 'doctor',
    summary: 'Say what of a running stack is unhealthy, and what to do',
    load: async () => (await import('./commands/doctor.js')).doctor,
  },
  {
    name: 'spool ls',
    summary: 'Show what a spool folder holds, and what each backend still lacks',
    load: async () => (await import('./commands/spool-ls.js')).spoolLs,
  },
  {
    name: 'spool verify',
    summary: 'Read every file of a spool folder, and name each damage and what it cost',
    load: async () => (await import('./commands/spool-verify.js')).spoolVerify,
  },
  {
    name: 'spool cat',
    summary: 'Print the lines of the log, or those that backends refused',
    load: async () => (await import('./commands/spool-cat.js')).spoolCat,
  },
  {
    name: 'spool export',
    summary: 'Write lines into a file that `spool replay` takes',
    load: async () => (await import('./commands/spool-export.js')).spoolExport,
  },
  {
    name: 'spool replay',
    summary: 'Offer the lines of a file to a write gateway',
    load: async () => (await import('./commands/spool-replay.js')).spoolReplay,
  },
  {
    name: 'spool release',
    summary: 'Give up what is still owed to a backend that is no longer configured',
    load: async () => (await import('./commands/spool-release.js')).spoolRelease,
  },
  {
    name: 'reconcile',
    summary: 'Find where two InfluxDB servers differ, and send what one lacks',
    load: async () => (await import('./commands/reconcile.js')).reconcileCommand,
  },
];
