import { type Kysely, sql } from 'kysely'

/**
 * Start of the audit log: everything up to this event is archived. Only these events can be deleted. The start moves only
 * to an existing event with its hash, together with an event that records the move.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table audit_archived (
      one   boolean primary key check (one),
      seq   bigint not null,
      hash  bytea not null
    )`.execute(db)
  await sql`insert into audit_archived (one, seq, hash) values (true, 0, sha256('doorward'::bytea))`.execute(
    db,
  )
  await sql`
    create function audit_archived_moves_on() returns trigger language plpgsql as $$
    begin
      if tg_op = 'UPDATE' then
        if new.seq > old.seq
          and exists (select from audit_events where seq = new.seq and hash = new.hash)
          and exists (
            select from audit_events join audit_head using (seq)
            where action = 'audit.archived' and detail ->> 'hash' = encode(new.hash, 'hex')
          )
        then return new; end if;
      end if;
      raise exception 'audit_archived moves on with an audit event only' using errcode = 'insufficient_privilege';
    end $$`.execute(db)
  await sql`
    create trigger audit_archived_row before update or delete on audit_archived
    for each row execute function audit_archived_moves_on()`.execute(db)
  await sql`
    create trigger audit_archived_table before truncate on audit_archived
    for each statement execute function audit_archived_moves_on()`.execute(db)

  await sql`drop trigger audit_events_append_only on audit_events`.execute(db)
  await sql`
    create trigger audit_events_append_only before update or truncate on audit_events
    for each statement execute function audit_events_are_append_only()`.execute(db)
  await sql`
    create function audit_events_leave_archived_only() returns trigger language plpgsql as $$
    begin
      if old.seq <= (select seq from audit_archived) then return old; end if;
      raise exception 'audit_events is append-only' using errcode = 'insufficient_privilege';
    end $$`.execute(db)
  await sql`
    create trigger audit_events_leave_archived_only before delete on audit_events
    for each row execute function audit_events_leave_archived_only()`.execute(db)
}
