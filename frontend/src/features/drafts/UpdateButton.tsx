import { Button } from "@/ui/Button";
import { toast, toastProblem } from "@/ui/Toast";
import type { Draft } from "./drafts";
import { useUpdateFromMain } from "./resolution";

/** Takes what is new on main into the draft; what approves asks for it again. */
export function UpdateButton({ project, draft }: { project: string; draft: Draft }) {
  const update = useUpdateFromMain(project, draft.number, () =>
    toast("Updated from main", {
      detail: "The draft has everything that is on main. It needs approval again.",
    }),
  );
  return (
    <Button
      size="small"
      icon="refresh"
      loading={update.isPending}
      onClick={() => update.mutate(draft.head_commit, { onError: toastProblem })}
    >
      Update from main
    </Button>
  );
}
