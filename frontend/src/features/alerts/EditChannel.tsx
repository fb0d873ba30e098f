import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { client, take } from "@/api/client";
import { toProblem } from "@/api/problem";
import { plural } from "@/lib/format";
import { Button } from "@/ui/Button";
import { ConfirmDialog } from "@/ui/Dialog";
import { ErrorState, FormError } from "@/ui/ErrorState";
import { Checkbox, Field, Form, TextInput } from "@/ui/Field";
import { SkeletonRows } from "@/ui/Skeleton";
import { StateBadge } from "@/ui/StateBadge";
import { Time } from "@/ui/Time";
import { toast, toastProblem } from "@/ui/Toast";
import styles from "./Alerts.module.css";
import { type Channel, type Delivery, deliveriesQuery, useAct, useTestChannel } from "./alerts";
import { DELIVERY_STATES } from "./channels";
import { AddressField } from "./NewChannel";

interface EditChannelProps {
  project: string;
  channel: Channel;
  onClose: () => void;
}

export function EditChannel({ project, channel, onClose }: EditChannelProps) {
  const [name, setName] = useState(channel.name);
  const [address, setAddress] = useState(channel.address);
  const [enabled, setEnabled] = useState(channel.enabled);
  const [seen, setSeen] = useState(channel.version);
  const [deleting, setDeleting] = useState(false);
  const save = useAct(project, () =>
    take(
      client.PATCH("/api/v1/projects/{project}/channels/{channel}", {
        params: { path: { project, channel: channel.id } },
        body: { version: seen, name: name.trim(), address: address.trim(), enabled },
      }),
    ),
  );
  const problem = save.error ? toProblem(save.error) : undefined;
  const stale = problem?.code === "stale_version" && channel.version !== seen;
  const showTheirs = () => {
    setName(channel.name);
    setAddress(channel.address);
    setEnabled(channel.enabled);
    setSeen(channel.version);
    save.reset();
  };
  return (
    <Form
      onSubmit={() => save.mutate(undefined, { onSuccess: onClose })}
      actions={
        <>
          <Button variant="quiet" icon="trash" className={styles.left} onClick={() => setDeleting(true)}>
            Delete
          </Button>
          <Button onClick={onClose}>Cancel</Button>
          <Button variant="primary" type="submit" loading={save.isPending}>
            Save channel
          </Button>
        </>
      }
    >
      <Field label="Name" error={problem?.field("name")}>
        <TextInput value={name} maxLength={100} onChange={(event) => setName(event.target.value)} />
      </Field>
      <AddressField
        kind={channel.kind}
        address={address}
        onChange={setAddress}
        error={problem?.field("address")}
      />
      <Checkbox label="On" checked={enabled} onChange={(event) => setEnabled(event.target.checked)} />
      {problem && problem.errors.length === 0 && <FormError error={save.error} />}
      {stale && <Button onClick={showTheirs}>Show theirs</Button>}
      <Trial project={project} channel={channel} />
      {deleting && (
        <DeleteChannel
          project={project}
          channel={channel}
          onClose={() => setDeleting(false)}
          onDone={onClose}
        />
      )}
    </Form>
  );
}

function Trial({ project, channel }: { project: string; channel: Channel }) {
  const test = useTestChannel(project);
  const send = () =>
    test.mutate(channel.id, {
      onError: toastProblem,
      onSuccess: (answer) => {
        if (!answer.delivery) toast("The notice is in the inbox");
      },
    });
  return (
    <section className={styles.trial} aria-label="Messages">
      <header>
        <h3>{channel.kind === "webhook" ? "Last messages" : "Try it"}</h3>
        <Button size="small" icon="play" loading={test.isPending} onClick={send}>
          Send a test
        </Button>
      </header>
      {channel.kind === "webhook" && <Deliveries project={project} channel={channel.id} />}
    </section>
  );
}

function Deliveries({ project, channel }: { project: string; channel: number }) {
  const deliveries = useQuery(deliveriesQuery(project, channel));
  if (deliveries.isPending) return <SkeletonRows rows={2} columns={3} />;
  if (deliveries.isError) {
    return <ErrorState error={deliveries.error} retry={() => void deliveries.refetch()} />;
  }
  if (deliveries.data.length === 0) {
    return <p className={styles.quiet}>Nothing was sent yet. A test shows whether the receiver answers.</p>;
  }
  return (
    <ul className={styles.deliveries}>
      {deliveries.data.map((delivery) => (
        <li key={delivery.id}>
          <code>{delivery.type}</code>
          <StateBadge state={DELIVERY_STATES[delivery.state]} plain>
            {delivery.state}
          </StateBadge>
          <Time at={delivery.created_at} />
          <span className={styles.quiet}>{deliveryDetail(delivery)}</span>
        </li>
      ))}
    </ul>
  );
}

function deliveryDetail(delivery: Delivery): string {
  const parts = [delivery.attempts > 1 && plural(delivery.attempts, "attempt"), delivery.last_error];
  return parts.filter(Boolean).join(": ");
}

interface DeleteChannelProps {
  project: string;
  channel: Channel;
  onClose: () => void;
  onDone: () => void;
}

function DeleteChannel({ project, channel, onClose, onDone }: DeleteChannelProps) {
  const remove = useAct(project, async () => {
    await client.DELETE("/api/v1/projects/{project}/channels/{channel}", {
      params: { path: { project, channel: channel.id } },
    });
  });
  return (
    <ConfirmDialog
      open
      danger
      onClose={onClose}
      title={`Delete “${channel.name}”?`}
      action="Delete channel"
      loading={remove.isPending}
      error={remove.error}
      onConfirm={() => remove.mutate(undefined, { onSuccess: onDone })}
    >
      Its rules tell it no more, and messages that wait are given up. Its secret cannot be had again.
    </ConfirmDialog>
  );
}
