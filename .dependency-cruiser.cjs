/** A layer may import itself and what is listed, nothing else of src. */
const layer = (name, allowed, comment) => ({
  name: `layer-${name}`,
  comment,
  severity: 'error',
  from: { path: `^src/${name}/` },
  to: { path: '^src/', pathNot: [name, ...allowed].map((path) => `^src/${path}/`) },
});

module.exports = {
  forbidden: [
    layer('core', [], 'core decides without knowing who calls it.'),
    layer('media', ['core/kernel'], 'media knows sound, and from the core only its vocabulary.'),
    layer('ports', ['core', 'media'], 'ports are interfaces in the core’s vocabulary.'),
    layer('runtime', ['core', 'ports'], 'the loop knows interfaces, never an adapter.'),
    layer('config', ['core', 'ports', 'wire'], 'the file’s schema knows no adapter.'),
    layer('adapters', ['core', 'media', 'ports', 'wire'], 'an adapter knows the ports it implements.'),
    layer('wire', ['core'], 'the wire’s schemas are shared by the daemon and its clients.'),
    layer('cli', ['wire', 'config', 'core/kernel'], 'commands talk to the daemon over its socket.'),
    {
      name: 'machines-apart',
      comment: 'Machines of the core do not import one another: site joins them.',
      severity: 'error',
      from: { path: '^src/core/([^/]+)/' },
      to: { path: '^src/core/', pathNot: ['^src/core/$1/', '^src/core/kernel/'] },
    },
    {
      name: 'adapters-apart',
      comment: 'An adapter never imports another adapter: only main knows them all.',
      severity: 'error',
      from: { path: '^src/adapters/([^/]+)/' },
      to: { path: '^src/adapters/', pathNot: '^src/adapters/$1/' },
    },
    {
      name: 'types-only',
      comment: 'ports and wire take types from the core, never code that runs.',
      severity: 'error',
      from: { path: '^src/ports/' },
      to: { path: '^src/', pathNot: '^src/ports/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'no-builtins',
      comment: 'core, ports and wire run anywhere: no module of Node there.',
      severity: 'error',
      from: { path: '^src/(core|ports|wire)/' },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'core-alone',
      comment: 'core and ports use no package at all.',
      severity: 'error',
      from: { path: '^src/(core|ports)/' },
      to: { path: 'node_modules' },
    },
    {
      name: 'main-is-the-root',
      comment: 'main composes; nothing but tests imports it.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/main/' },
      to: { path: '^src/main/' },
    },
    {
      name: 'no-test-in-product',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '^test/' },
    },
    {
      name: 'no-development-package-in-product',
      severity: 'error',
      from: { path: '^src/' },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'], pathNot: ['node_modules/@types/'] },
    },
    { name: 'resolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
    {
      name: 'no-cycle',
      comment: 'A cycle of types alone is harmless; one of code is not.',
      severity: 'error',
      from: { path: '^src/' },
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    parser: 'swc',
    detectProcessBuiltinModuleCalls: true,
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default', 'types'] },
  },
};
