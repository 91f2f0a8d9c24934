/** Points on the great circle from one latent to another, both included (White 2016, arXiv:1609.04468). */
export function slerp(start: Float32Array, end: Float32Array, share: number): Float32Array {
  const norm = (vector: Float32Array) => Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0));
  const dot = start.reduce((sum, value, i) => sum + value * end[i]!, 0);
  const cosine = dot / Math.max(norm(start) * norm(end), 1e-12);
  const angle = Math.acos(Math.min(1, Math.max(-1, cosine)));
  const straight = Math.sin(angle) < 1e-4;
  const a = straight ? 1 - share : Math.sin((1 - share) * angle) / Math.sin(angle);
  const b = straight ? share : Math.sin(share * angle) / Math.sin(angle);
  return start.map((value, i) => a * value + b * end[i]!);
}
