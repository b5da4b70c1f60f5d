// Returns how long ago a time was, as kubectl writes ages: 42s, 5m, 3h, 12d.
export function age(since: string | undefined, at: number): string {
  const seconds = since ? Math.floor((at - Date.parse(since)) / 1000) : Number.NaN;
  if (Number.isNaN(seconds)) return "–";
  if (seconds < 120) return `${Math.max(seconds, 0)}s`;
  if (seconds < 7200) return `${Math.floor(seconds / 60)}m`;
  if (seconds < 172_800) return `${Math.floor(seconds / 3600)}h`;
  return `${Math.floor(seconds / 86_400)}d`;
}
