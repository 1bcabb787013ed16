import { fileURLToPath } from 'node:url'
import tseslint from 'typescript-eslint'

const root = fileURLToPath(new URL('..', import.meta.url))

// What would make a machine of the core impure: a clock, randomness, waiting, the outside world.
const impureGlobals = [
  ...['Date', 'performance', 'crypto', 'process', 'console', 'fetch', 'Promise'],
  ...['setTimeout', 'setInterval', 'setImmediate', 'queueMicrotask']
].map((name) => ({ name, message: 'The core is pure: pass what you need in as data.' }))

export default tseslint.config(
  { ignores: ['dist/**', 'node_modules/**', '**/*.js'], basePath: root },
  {
    basePath: root,
    files: ['src/**/*.ts', 'test/**/*.ts', 'examples/**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: root } },
    rules: {
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      // Numbers in messages are read by people; they need no cast.
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      // `while (true)` with returns inside is the plainest form of a reading loop.
      '@typescript-eslint/no-unnecessary-condition': [
        'error',
        { allowConstantLoopConditions: 'only-allowed-literals' }
      ],
      // A dropped result of an arrow function is shorter without braces, and as clear.
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }]
    }
  },
  {
    basePath: root,
    files: ['src/**/*.ts'],
    rules: {
      'max-lines-per-function': ['error', { max: 60, skipBlankLines: true, skipComments: true }]
    }
  },
  {
    basePath: root,
    files: ['src/core/**/*.ts'],
    rules: {
      'no-restricted-globals': ['error', ...impureGlobals],
      'no-restricted-properties': [
        'error',
        { object: 'Math', property: 'random', message: 'Use the seeded generator of rng.ts.' },
        { object: 'Math', property: 'pow', message: 'Engines may differ; use integers.' },
        { object: 'Math', property: 'exp', message: 'Engines may differ; use integers.' }
      ],
      'no-restricted-syntax': [
        'error',
        { selector: ':function[async=true]', message: 'Machines are synchronous.' },
        { selector: 'CallExpression[callee.property.name="localeCompare"]', message: 'Not stable.' }
      ],
      'no-restricted-imports': [
        'error',
        { patterns: [{ regex: '^[^.]', message: 'The core imports only itself.' }] }
      ]
    }
  },
  {
    basePath: root,
    files: ['test/**/*.ts', 'examples/**/*.ts'],
    rules: {
      // chai's assertions are expressions.
      '@typescript-eslint/no-unused-expressions': 'off',
      // Tests index what they have just counted.
      '@typescript-eslint/no-non-null-assertion': 'off'
    }
  }
)
