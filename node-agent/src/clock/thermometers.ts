/**
 * The thermometers that the kernel shows (hwmon; see Documentation/hwmon/sysfs-interface: temp*_input in thousandths of a degree). Which
 * of them is near the crystal nobody knows, so the engine hears several and believes the one that the frequency follows. Read away from
 * the event loop: some sensors answer over slow buses.
 */
import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";

export const hwmonRoot = "/sys/class/hwmon";
/** As many as the engine listens to. */
const mostSensors = 4;
const mostDevices = 64;
/** CPUs are hot for a minute whenever somebody computes: boards and network adapters are nearer to what a crystal feels. */
const cpuDevices = new Set(["coretemp", "k10temp", "zenpower", "cpu_thermal"]);

export interface Thermometer {
  /** Driver and file, the same after a restart, for instance `ice/temp1`. */
  readonly sensor: string;
  readonly file: string;
}

/** @returns those to listen to, CPUs last; none on a machine without sensors */
export async function findThermometers(root = hwmonRoot): Promise<Thermometer[]> {
  const found: { readonly thermometer: Thermometer; readonly isCpu: boolean }[] = [];
  for (const device of (await list(root)).slice(0, mostDevices)) {
    const name = (await readText(join(root, device, "name"))) ?? device;
    for (const file of await list(join(root, device))) {
      const input = /^(temp\d{1,2})_input$/.exec(file)?.[1];
      if (input === undefined) continue;
      const sensor = `${name}/${input}`;
      // Two adapters of one driver: the first one stands for both.
      if (found.some(({ thermometer }) => thermometer.sensor === sensor)) continue;
      found.push({ thermometer: { sensor, file: join(root, device, file) }, isCpu: cpuDevices.has(name) });
    }
  }
  const [others, cpus] = [found.filter(({ isCpu }) => !isCpu), found.filter(({ isCpu }) => isCpu)];
  return [...others, ...cpus].slice(0, mostSensors).map(({ thermometer }) => thermometer);
}

/** °C; null: the sensor does not answer. */
export async function readCelsius({ file }: Thermometer): Promise<number | null> {
  const text = await readText(file);
  return text !== null && /^-?\d{1,7}$/.test(text) ? Number(text) / 1000 : null;
}

async function list(directory: string): Promise<string[]> {
  try {
    return (await readdir(directory)).sort(new Intl.Collator("en", { numeric: true }).compare);
  } catch {
    return [];
  }
}

async function readText(file: string): Promise<string | null> {
  try {
    return (await readFile(file, "utf8")).trim();
  } catch {
    return null;
  }
}
