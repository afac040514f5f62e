export { bundle, bundleCommonJs, compile } from './compile.ts';
export { type Manifest, publishedManifest } from './published-manifest.ts';
export { readManifest, stageManifest, stageSdk } from './stage.ts';
