// The disks and network cards of a machine: what it has, and small forms to change that. The rest is written in YAML.

import { type Json, type Resource, stateOf } from "../api/resources";
import { attaching, changingMedium, detaching, diskOf, type Devices as Kind, nicOf, proposalOf } from "../app/devices";
import { deploymentOf } from "../app/fleet";
import { propose, type Step } from "../app/proposal";
import { mayTo } from "../app/rights";
import { all } from "../app/world";
import { ResourceLink, Section } from "../parts/basics";
import { Labelled, NameField, Options, ProposingForm } from "../parts/form";
import { text } from "../words";

function suggest(title: string, verb: string, step: Step, danger = false, done?: () => void) {
  propose({ ...proposalOf(title, verb, step, location.origin, danger), ...(done ? { done } : {}) });
}

export function Devices({ of }: { of: Resource }) {
  const { name } = of.metadata;
  const disks: readonly Json[] = of.spec.disks ?? [];
  const nics: readonly Json[] = of.spec.nics ?? [];
  // What a deployment makes is as its template says.
  const changes = mayTo("change", of) && !deploymentOf(of) && stateOf(of) !== "Terminating";
  const remove = (kind: Kind, device: string) => (
    <button
      type="button"
      aria-label={text.removeOne(device)}
      onClick={() => suggest(text.detachFrom(device, name), text.detach, detaching(of, kind, device), true)}
    >
      {text.detach}
    </button>
  );
  return (
    <Section title={text.devices}>
      {!disks.length && !nics.length && <p class="soft">{text.noDevices}</p>}
      <ul class="fields">
        {disks.map((disk) => (
          <li key={disk.name} class="row">
            <b>{disk.name}</b> <span class="soft">{disk.type === "cdrom" ? text.drive : text.disk}</span> {disk.size}{" "}
            {disk.diskRef && <ResourceLink kind="Disk" name={disk.diskRef.name} />}
            {disk.image?.imageRef && <ResourceLink kind="Image" name={disk.image.imageRef.name} />}
            {changes && disk.type === "cdrom" && <Medium of={of} drive={disk} />}
            {changes && remove("disks", disk.name)}
          </li>
        ))}
        {nics.map((nic) => (
          <li key={nic.name} class="row">
            <b>{nic.name}</b> <span class="soft">{text.nic}</span> {nic.bridge ?? nic.network}{" "}
            {nic.networkRef && <ResourceLink kind="Network" name={nic.networkRef.name} />} {nic.mac}
            {changes && remove("nics", nic.name)}
          </li>
        ))}
      </ul>
      {changes && <NewDisk of={of} />}
      {changes && <NewNic of={of} />}
    </Section>
  );
}

function Medium({ of, drive }: { of: Resource; drive: Json }) {
  const { name } = of.metadata;
  const images = [...all("images").keys()];
  if (drive.image)
    return (
      <button
        type="button"
        aria-label={text.takeOut(drive.name)}
        onClick={() => suggest(text.ejectFrom(drive.name, name), text.eject, changingMedium(of, drive.name, null))}
      >
        {text.eject}
      </button>
    );
  const put = (given: FormData, done: () => void) => {
    const image = String(given.get("image"));
    suggest(text.insertInto(image, drive.name, name), text.putIn, changingMedium(of, drive.name, image), false, done);
  };
  if (!images.length) return <span class="soft">{text.empty}</span>;
  return (
    <ProposingForm label={text.putInto(drive.name)} verb={text.putIn} propose={put}>
      <Labelled label={text.image}>
        <select name="image">
          <Options of={images} />
        </select>
      </Labelled>
    </ProposingForm>
  );
}

function NewDisk({ of }: { of: Resource }) {
  const add = (given: FormData, done: () => void) => {
    const disk = diskOf(String(given.get("name")), String(given.get("size")));
    suggest(text.attachTo(disk.name, of.metadata.name), text.attach, attaching(of, "disks", disk), false, done);
  };
  return (
    <ProposingForm label={text.addDisk} verb={text.addDisk} propose={add}>
      <NameField />
      <Labelled label={text.size}>
        <input name="size" defaultValue="10Gi" required pattern="[0-9.]+[kKMGT]i?" title={text.badQuantity} autocomplete="off" />
      </Labelled>
    </ProposingForm>
  );
}

function NewNic({ of }: { of: Resource }) {
  const add = (given: FormData, done: () => void) => {
    const nic = nicOf(String(given.get("name")), String(given.get("network")));
    suggest(text.attachTo(nic.name, of.metadata.name), text.attach, attaching(of, "nics", nic), false, done);
  };
  return (
    <ProposingForm label={text.addNic} verb={text.addNic} propose={add}>
      <NameField />
      <Labelled label={text.network}>
        <select name="network">
          <option value="">{text.userNetwork}</option>
          <Options of={[...all("networks").keys()]} />
        </select>
      </Labelled>
    </ProposingForm>
  );
}
