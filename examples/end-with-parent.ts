/** Loaded ahead of each child of `start.ts`: where the parent is killed without a word, the child stops all the same. */
process.once('disconnect', () => process.kill(process.pid, 'SIGTERM'))
process.channel?.unref()
