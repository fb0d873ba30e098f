import { useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { useState } from "react";
import { useCan } from "@/api/session";
import { type Environment, environmentsQuery } from "@/features/deployments/deployments";
import { EnvironmentName } from "@/features/deployments/EnvironmentCard";
import { Button, IconButton } from "@/ui/Button";
import { Card } from "@/ui/Card";
import { Dialog } from "@/ui/Dialog";
import { ErrorState } from "@/ui/ErrorState";
import { SkeletonText } from "@/ui/Skeleton";
import { toastProblem } from "@/ui/Toast";
import { CheckForm } from "./CheckForm";
import { EnvironmentForm } from "./EnvironmentForm";
import { demands, useDropEnvironmentCheck, useOrderEnvironments } from "./environments";
import { FreezesCard } from "./FreezesCard";
import { NewEnvironment } from "./NewEnvironment";
import { RemoveEnvironment } from "./RemoveEnvironment";
import styles from "./Settings.module.css";
import { SettingsFrame } from "./SettingsFrame";

/** Where apps run, in their order, and what each asks for before something goes live in it. */
export default function EnvironmentsPage() {
  const { project = "" } = useParams({ strict: false });
  const owner = useCan(project, "owner");
  const environments = useQuery(environmentsQuery(project));
  const [adding, setAdding] = useState(false);
  return (
    <SettingsFrame
      title="Environments"
      description="Where apps run, from first to last: a promotion goes from one to the next. Each says what it asks for before something goes live in it. Rolling back is never held up."
      actions={
        owner && (
          <Button variant="primary" icon="plus" onClick={() => setAdding(true)}>
            Add an environment
          </Button>
        )
      }
    >
      {environments.isPending &&
        ["1", "2", "3"].map((each) => (
          <Card key={each}>
            <SkeletonText lines={3} />
          </Card>
        ))}
      {environments.isError && (
        <Card padding="none">
          <ErrorState error={environments.error} retry={() => void environments.refetch()} />
        </Card>
      )}
      {environments.data?.map((environment, place) => (
        <OneEnvironment
          key={environment.slug}
          project={project}
          environments={environments.data}
          place={place}
          owner={owner}
        />
      ))}
      {environments.data && <FreezesCard project={project} environments={environments.data} owner={owner} />}
      <Dialog open={adding} onClose={() => setAdding(false)} title="Add an environment">
        <NewEnvironment project={project} onDone={() => setAdding(false)} />
      </Dialog>
    </SettingsFrame>
  );
}

interface OneProps {
  project: string;
  environments: Environment[];
  place: number;
  owner: boolean;
}

function OneEnvironment({ project, environments, place, owner }: OneProps) {
  const environment = environments[place] as Environment;
  const before = environments[place - 1]?.name;
  const [open, setOpen] = useState<"edit" | "check" | "remove">();
  const close = () => setOpen(undefined);
  const told = demands(environment, before);
  return (
    <Card
      title={<EnvironmentName environment={environment} />}
      actions={owner && <Acts project={project} environments={environments} place={place} onOpen={setOpen} />}
    >
      <p className={styles.data}>
        Apps ask for <code>{environment.slug}</code>.
      </p>
      <ul className={styles.needs}>
        {told.length + environment.checks.length === 0 && <li>Any commit of main may go live here.</li>}
        {told.map((sentence) => (
          <li key={sentence}>{sentence}</li>
        ))}
        {environment.checks.map((check) => (
          <li key={check.id} className={styles.demand}>
            <span>
              The check <strong>{check.name}</strong> must have passed
              {check.path ? ` where ${check.path.split("\n").join(", ")} changes` : ""}.
            </span>
            {owner && <DropCheck project={project} environment={environment.slug} check={check} />}
          </li>
        ))}
      </ul>
      <Dialog open={open === "edit"} onClose={close} title={`Change ${environment.name}`}>
        <EnvironmentForm project={project} environment={environment} before={before} onDone={close} />
      </Dialog>
      <Dialog open={open === "check"} onClose={close} title={`Require a check in ${environment.name}`}>
        <CheckForm project={project} environment={environment.slug} onDone={close} />
      </Dialog>
      {open === "remove" && <RemoveEnvironment project={project} environment={environment} onClose={close} />}
    </Card>
  );
}

interface ActsProps {
  project: string;
  environments: Environment[];
  place: number;
  onOpen: (what: "edit" | "check" | "remove") => void;
}

function Acts({ project, environments, place, onOpen }: ActsProps) {
  const order = useOrderEnvironments(project);
  const name = environments[place]?.name ?? "";
  const move = (by: number) => {
    const slugs = environments.map((each) => each.slug);
    slugs.splice(place + by, 0, ...slugs.splice(place, 1));
    order.mutate(slugs, { onError: toastProblem });
  };
  return (
    <span className={styles.acts}>
      <IconButton
        icon="up"
        size="small"
        label={`Move ${name} before the one above`}
        disabled={place === 0 || order.isPending}
        onClick={() => move(-1)}
      />
      <IconButton
        icon="down"
        size="small"
        label={`Move ${name} after the one below`}
        disabled={place === environments.length - 1 || order.isPending}
        onClick={() => move(1)}
      />
      <IconButton
        icon="check"
        size="small"
        label={`Require a check in ${name}`}
        onClick={() => onOpen("check")}
      />
      <IconButton icon="edit" size="small" label={`Change ${name}`} onClick={() => onOpen("edit")} />
      <IconButton icon="trash" size="small" label={`Remove ${name}`} onClick={() => onOpen("remove")} />
    </span>
  );
}

function DropCheck(props: { project: string; environment: string; check: { id: number; name: string } }) {
  const drop = useDropEnvironmentCheck(props.project, props.environment);
  return (
    <IconButton
      icon="trash"
      size="small"
      label={`Require ${props.check.name} here no longer`}
      onClick={() => drop.mutate(props.check.id, { onError: toastProblem })}
    />
  );
}
