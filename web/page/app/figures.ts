// How figures over time are written beside their lines.

// Steps between the marks of an axis of bytes: those that people write without a fraction, such as 64 MiB.
export const POWERS: readonly number[] = Array.from({ length: 51 }, (_, power) => 2 ** power);

// Returns how many CPUs are busy: small parts of one are told from none.
export function cpus(value: number): string {
  if (value === 0) return "0";
  return value < 0.1 ? value.toFixed(3) : value.toFixed(2);
}

// Returns the top of an axis, with some room above its highest line.
export const topOf = (most: number | null): number => (most ? most * 1.1 : 1);

const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });

// Returns the time of day, of seconds since 1970, as this browser's clock shows it.
export const timeOf = (seconds: number): string => clock.format(seconds * 1000);
