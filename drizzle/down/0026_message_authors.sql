-- Takes 0026_message_authors back: the index of authors is led by the channel again.
DROP INDEX public.messages_by_author;
CREATE INDEX messages_by_author ON public.messages USING btree (tenant_id, channel_id, author_user_id, seq);
