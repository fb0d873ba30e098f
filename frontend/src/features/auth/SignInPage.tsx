import { useSearch } from "@tanstack/react-router";
import { useState } from "react";
import { toProblem } from "@/api/problem";
import { Brand } from "@/shell/Brand";
import { Button } from "@/ui/Button";
import { FormError } from "@/ui/ErrorState";
import { Field, Form, TextInput } from "@/ui/Field";
import styles from "./SignInPage.module.css";
import { useSignIn } from "./session";

export default function SignInPage() {
  const { next } = useSearch({ strict: false }) as { next?: string };
  const [email, setEmail] = useState("");
  const [password, setPassword] = useState("");
  const signIn = useSignIn(next);
  const problem = signIn.error ? toProblem(signIn.error) : undefined;
  const byField = Boolean(problem?.errors.length);
  return (
    <main className={styles.page}>
      <title>Sign in · Variorum</title>
      <div className={styles.box}>
        <Brand />
        <h1 className={styles.title}>Sign in</h1>
        <Form
          onSubmit={() => signIn.mutate({ email, password })}
          actions={
            <Button variant="primary" type="submit" loading={signIn.isPending} className={styles.submit}>
              Sign in
            </Button>
          }
        >
          <Field label="E-mail" error={problem?.field("email")}>
            <TextInput
              type="email"
              name="email"
              autoComplete="username"
              autoFocus
              value={email}
              onChange={(event) => setEmail(event.target.value)}
            />
          </Field>
          <Field label="Password" error={problem?.field("password")}>
            <TextInput
              type="password"
              name="password"
              autoComplete="current-password"
              value={password}
              onChange={(event) => setPassword(event.target.value)}
            />
          </Field>
          {!byField && <FormError error={signIn.error} />}
        </Form>
        <p className={styles.help}>
          No account yet? An owner of a project makes one for you: in the project’s settings, under Members.
          On a new installation the terminal that started Variorum shows the first sign-in.
        </p>
      </div>
    </main>
  );
}
