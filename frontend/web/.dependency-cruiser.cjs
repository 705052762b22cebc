// Which room may know which: see src/README.md.
const below = {
  json: [],
  ui: [],
  schema: ['json'],
  document: ['json', 'schema'],
  server: ['json', 'schema'],
  run: ['json', 'server'],
  pictures: ['json', 'ui', 'server'],
  actor: ['json', 'ui', 'server', 'pictures'],
  widgets: ['json', 'ui', 'schema', 'server', 'pictures'],
  canvas: ['json', 'ui', 'schema', 'document', 'server', 'run', 'widgets', 'pictures', 'actor'],
  panels: ['json', 'ui', 'schema', 'document', 'server', 'run', 'pictures', 'actor', 'canvas'],
};

module.exports = {
  forbidden: [
    { name: 'cycle', severity: 'error', from: {}, to: { circular: true, dependencyTypesNot: ['type-only'] } },
    ...Object.entries(below).map(([room, rooms]) => ({
      name: `${room} knows ${rooms.join(', ') || 'nothing'} of ours`,
      severity: 'error',
      from: { path: `^src/${room}/` },
      to: { path: '^src/', pathNot: [room, ...rooms].map((r) => `^src/${r}/`) },
    })),
  ],
  options: { tsConfig: { fileName: 'tsconfig.json' }, tsPreCompilationDeps: true, doNotFollow: { path: 'node_modules' } },
};
