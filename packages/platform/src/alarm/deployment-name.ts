/** How messages name the deployment. Robots with a keyword get it with every message. */
export function deploymentName(publicUrl: string | undefined): string {
  return publicUrl === undefined ? 'wxthirdparty' : `wxthirdparty ${new URL(publicUrl).host}`;
}
