import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { useState } from "react";
import { client, take } from "@/api/client";
import { type Role, useCan, useSession } from "@/api/session";
import { Button, IconButton } from "@/ui/Button";
import { Card } from "@/ui/Card";
import { ConfirmDialog, Dialog } from "@/ui/Dialog";
import { ErrorState } from "@/ui/ErrorState";
import { Select } from "@/ui/Field";
import { SkeletonRows } from "@/ui/Skeleton";
import { type Column, Table } from "@/ui/Table";
import { Time } from "@/ui/Time";
import { toast, toastProblem } from "@/ui/Toast";
import { AddMember } from "./AddMember";
import { type Member, membersQuery, ROLE_OPTIONS } from "./members";
import styles from "./Settings.module.css";
import { SettingsFrame } from "./SettingsFrame";

export default function MembersPage() {
  const { project = "" } = useParams({ strict: false });
  const members = useQuery(membersQuery(project));
  const owner = useCan(project, "owner");
  const [adding, setAdding] = useState(false);
  const [leaving, setLeaving] = useState<Member | null>(null);
  return (
    <SettingsFrame
      title="Members"
      description="Who may do what in this project."
      actions={
        owner && (
          <Button variant="primary" icon="plus" onClick={() => setAdding(true)}>
            Add a person
          </Button>
        )
      }
    >
      <Card padding="none">
        {members.isPending && <SkeletonRows rows={4} columns={3} />}
        {members.isError && <ErrorState error={members.error} retry={() => void members.refetch()} />}
        {members.isSuccess && (
          <Table
            label="Members"
            columns={columns(project, owner, setLeaving)}
            rows={members.data}
            rowKey={(member) => String(member.user.id)}
          />
        )}
      </Card>
      <Dialog open={adding} onClose={() => setAdding(false)} title="Add a person">
        <AddMember project={project} onDone={() => setAdding(false)} />
      </Dialog>
      {leaving && <RemoveMember project={project} member={leaving} onClose={() => setLeaving(null)} />}
    </SettingsFrame>
  );
}

function columns(project: string, owner: boolean, onRemove: (member: Member) => void): Column<Member>[] {
  const list: Column<Member>[] = [
    {
      key: "person",
      header: "Person",
      primary: true,
      cell: ({ user }) => (
        <span className={styles.person}>
          <span>{user.name || user.email}</span>
          <span>{user.name && user.email}</span>
        </span>
      ),
    },
    { key: "since", header: "Since", cell: (member) => <Time at={member.created_at} />, width: "140px" },
    {
      key: "role",
      header: "Role",
      width: "170px",
      cell: (member) => (owner ? <RoleSelect project={project} member={member} /> : member.role),
    },
  ];
  if (!owner) return list;
  const remove: Column<Member> = {
    key: "remove",
    header: "Remove",
    hideHeader: true,
    width: "56px",
    cell: (member) => (
      <IconButton
        icon="trash"
        size="small"
        label={`Remove ${member.user.name || member.user.email}`}
        onClick={() => onRemove(member)}
      />
    ),
  };
  return [...list, remove];
}

function RoleSelect({ project, member }: { project: string; member: Member }) {
  const queries = useQueryClient();
  const change = useMutation({
    mutationFn: (role: Role) =>
      take(
        client.PATCH("/api/v1/projects/{project}/members/{user}", {
          params: { path: { project, user: member.user.id } },
          body: { role },
        }),
      ),
    onSuccess: (changed) => {
      void queries.invalidateQueries({ queryKey: [project, "members"] });
      void queries.invalidateQueries({ queryKey: [project, "project"] });
      toast(`${changed.user.name || changed.user.email} is ${changed.role} now`);
    },
    onError: toastProblem,
  });
  return (
    <Select
      small
      aria-label={`Role of ${member.user.name || member.user.email}`}
      options={ROLE_OPTIONS.map(({ value, label }) => ({ value, label }))}
      value={change.isPending ? change.variables : member.role}
      disabled={change.isPending}
      onChange={(event) => change.mutate(event.target.value as Role)}
    />
  );
}

function RemoveMember({
  project,
  member,
  onClose,
}: {
  project: string;
  member: Member;
  onClose: () => void;
}) {
  const queries = useQueryClient();
  const self = useSession().data?.id === member.user.id;
  const name = member.user.name || member.user.email;
  const remove = useMutation({
    mutationFn: () =>
      client.DELETE("/api/v1/projects/{project}/members/{user}", {
        params: { path: { project, user: member.user.id } },
      }),
    onSuccess: async () => {
      toast(`${name} is no member any more`);
      onClose();
      await queries.invalidateQueries({ queryKey: self ? undefined : [project, "members"] });
    },
  });
  return (
    <ConfirmDialog
      open
      danger
      onClose={onClose}
      title={self ? "Leave this project?" : `Remove ${name}?`}
      action={self ? "Leave" : "Remove"}
      loading={remove.isPending}
      error={remove.error}
      onConfirm={() => remove.mutate()}
    >
      {self
        ? "You will not see this project any more, until an owner adds you again."
        : `${name} will not see this project any more. What they wrote stays, with their name.`}
    </ConfirmDialog>
  );
}
