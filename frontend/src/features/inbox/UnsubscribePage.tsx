import { useMutation } from "@tanstack/react-query";
import { useSearch } from "@tanstack/react-router";
import { client, take } from "@/api/client";
import sign from "@/features/auth/SignInPage.module.css";
import { Brand } from "@/shell/Brand";
import { Button } from "@/ui/Button";
import { FormError } from "@/ui/ErrorState";

/** The end of a link in a mail: one press, without signing in, and no more mail comes. */
export default function UnsubscribePage() {
  const { token = "" } = useSearch({ strict: false }) as { token?: string };
  const end = useMutation({
    mutationFn: () => take(client.POST("/api/v1/unsubscribe", { params: { query: { token } } })),
  });
  return (
    <main className={sign.page}>
      <title>No more mail · Variorum</title>
      <div className={sign.box}>
        <Brand />
        <h1 className={sign.title}>No more mail</h1>
        {end.isSuccess ? (
          <p role="status">
            {end.data.email} gets no more mail from here. The inbox goes on; there you can choose again.
          </p>
        ) : (
          <>
            <p>Notices will only be shown in the inbox of your projects.</p>
            <Button variant="primary" loading={end.isPending} onClick={() => end.mutate()}>
              Send me no more mail
            </Button>
            <FormError error={end.error} />
          </>
        )}
      </div>
    </main>
  );
}
