import { queryOptions, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { client, take } from "@/api/client";
import type { components } from "@/api/schema";
import { Card } from "@/ui/Card";
import { Field, Select } from "@/ui/Field";
import { toast, toastProblem } from "@/ui/Toast";

type Choice = components["schemas"]["Mail"]["choice"];

const mailQuery = queryOptions({
  queryKey: ["mail"],
  queryFn: () => take(client.GET("/api/v1/inbox/mail")),
});
const OPTIONS: { value: Choice; label: string }[] = [
  { value: "mine", label: "When I am called by name, and about reviews of mine" },
  { value: "all", label: "Everything that comes to this inbox" },
  { value: "none", label: "Nothing" },
];

/** Which notices also come by mail; where the installation sends none, that is said instead. */
export function MailChoice() {
  const mail = useQuery(mailQuery);
  const queries = useQueryClient();
  const choose = useMutation({
    mutationFn: (choice: Choice) => take(client.PUT("/api/v1/inbox/mail", { body: { choice } })),
    onSuccess: (saved) => {
      queries.setQueryData(mailQuery.queryKey, saved);
      toast("Saved");
    },
    onError: toastProblem,
  });
  if (!mail.data) return null;
  return (
    <Card title="By mail">
      {mail.data.on ? (
        <Field label="What comes by mail as well">
          <Select
            options={OPTIONS}
            value={choose.isPending ? choose.variables : mail.data.choice}
            disabled={choose.isPending}
            onChange={(event) => choose.mutate(event.target.value as Choice)}
          />
        </Field>
      ) : (
        <p>This installation sends no mail. Whoever runs it can set it up.</p>
      )}
    </Card>
  );
}
