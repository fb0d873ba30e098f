import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { client, take } from "@/api/client";
import { toProblem } from "@/api/problem";
import { useSettled } from "@/features/prompts/useSettled";
import { Button } from "@/ui/Button";
import { ConfirmDialog, Dialog } from "@/ui/Dialog";
import { ErrorState, FormError } from "@/ui/ErrorState";
import { Form } from "@/ui/Field";
import { SkeletonText } from "@/ui/Skeleton";
import { toast } from "@/ui/Toast";
import styles from "./Alerts.module.css";
import { channelsQuery, type Rule, rulesQuery, useAct } from "./alerts";
import { RuleFieldset } from "./RuleFieldset";
import { RulePreview } from "./RulePreview";
import { blankForm, fieldsOf, formOf, type RuleForm } from "./ruleForm";

interface RuleDialogProps {
  project: string;
  /** "new", or a rule's id. */
  id: string;
  onClose: () => void;
}

/** The editor of one rule beside what it would find now. */
export function RuleDialog({ project, id, onClose }: RuleDialogProps) {
  const rules = useQuery(rulesQuery(project));
  const channels = useQuery(channelsQuery(project));
  const rule = rules.data?.find((item) => String(item.id) === id);
  const error = rules.error ?? channels.error;
  const ready = rules.data && channels.data;
  return (
    <Dialog open onClose={onClose} title={id === "new" ? "New rule" : "Alert rule"} shape="wide">
      {error && <ErrorState error={error} />}
      {!ready && !error && <SkeletonText lines={8} />}
      {ready && id !== "new" && !rule && <p>This rule is gone: somebody deleted it.</p>}
      {ready && (rule || id === "new") && (
        <RuleEditor
          project={project}
          rule={rule}
          start={rule ? formOf(rule) : blankForm(channels.data.filter((c) => c.enabled).map((c) => c.id))}
          onClose={onClose}
        />
      )}
    </Dialog>
  );
}

interface EditorProps {
  project: string;
  rule: Rule | undefined;
  start: RuleForm;
  onClose: () => void;
}

function RuleEditor({ project, rule, start, onClose }: EditorProps) {
  const [form, setForm] = useState(start);
  const [seen, setSeen] = useState(rule?.version ?? 0);
  const [deleting, setDeleting] = useState(false);
  const settled = useSettled(form);
  const save = useSave(project, rule?.id);
  const problem = save.error ? toProblem(save.error) : undefined;
  const send = (version: number) =>
    save.mutate(
      { form, version },
      {
        onSuccess: (saved) => {
          toast(rule ? `“${saved.name}” is saved` : `“${saved.name}” watches from now on`);
          onClose();
        },
      },
    );
  const theirs = rule && problem?.code === "stale_version" ? rule : undefined;
  return (
    <Form
      onSubmit={() => send(seen)}
      actions={
        <>
          {rule && (
            <Button variant="quiet" icon="trash" className={styles.left} onClick={() => setDeleting(true)}>
              Delete
            </Button>
          )}
          <Button onClick={onClose}>Cancel</Button>
          <Button variant="primary" type="submit" loading={save.isPending}>
            {rule ? "Save rule" : "Make rule"}
          </Button>
        </>
      }
    >
      <div className={styles.editor}>
        <RuleFieldset project={project} form={form} onChange={setForm} problem={problem} isNew={!rule} />
        <RulePreview project={project} form={settled} />
      </div>
      {problem && (theirs || problem.errors.length === 0) && <FormError error={save.error} />}
      {theirs && (
        <div className={styles.conflict}>
          <Button
            onClick={() => {
              setForm(formOf(theirs));
              setSeen(theirs.version);
              save.reset();
            }}
          >
            Show theirs
          </Button>
          <Button
            onClick={() => {
              setSeen(theirs.version);
              send(theirs.version);
            }}
          >
            Save mine over it
          </Button>
        </div>
      )}
      {deleting && rule && (
        <DeleteRule project={project} rule={rule} onClose={() => setDeleting(false)} onDone={onClose} />
      )}
    </Form>
  );
}

function useSave(project: string, rule: number | undefined) {
  return useAct(project, ({ form, version }: { form: RuleForm; version: number }) => {
    const body = { ...fieldsOf(form), name: form.name.trim() };
    if (rule === undefined) {
      return take(
        client.POST("/api/v1/projects/{project}/alert-rules", { params: { path: { project } }, body }),
      );
    }
    return take(
      client.PATCH("/api/v1/projects/{project}/alert-rules/{rule}", {
        params: { path: { project, rule } },
        body: { ...body, version },
      }),
    );
  });
}

interface DeleteRuleProps {
  project: string;
  rule: Rule;
  onClose: () => void;
  onDone: () => void;
}

function DeleteRule({ project, rule, onClose, onDone }: DeleteRuleProps) {
  const remove = useAct(project, async () => {
    await client.DELETE("/api/v1/projects/{project}/alert-rules/{rule}", {
      params: { path: { project, rule: rule.id } },
    });
  });
  return (
    <ConfirmDialog
      open
      danger
      onClose={onClose}
      title={`Delete “${rule.name}”?`}
      action="Delete rule"
      loading={remove.isPending}
      error={remove.error}
      onConfirm={() => remove.mutate(undefined, { onSuccess: onDone })}
    >
      It watches no more. The alerts that it raised stay in the list
      {rule.state === "firing" ? "; the one that fires is closed." : "."}
    </ConfirmDialog>
  );
}
