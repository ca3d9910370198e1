/** Loaded first in each child of `start.ts`: where the parent is killed, the child stops too. */
process.once('disconnect', () => process.kill(process.pid, 'SIGTERM'))
process.channel?.unref()
