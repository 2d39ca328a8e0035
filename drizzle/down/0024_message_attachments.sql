-- Takes 0024_message_attachments back: which message showed a document that is deleted.
DROP INDEX public.users_by_display_name;
DROP INDEX public.messages_with_attachments;
ALTER TABLE public.messages DROP COLUMN has_attachments;
DELETE FROM public.message_attachments a WHERE NOT EXISTS (
  SELECT FROM public.documents d WHERE d.tenant_id = a.tenant_id AND d.id = a.document_id);
ALTER TABLE public.message_attachments ADD CONSTRAINT message_attachments_document_exists
  FOREIGN KEY (tenant_id, document_id) REFERENCES public.documents (tenant_id, id) ON DELETE CASCADE;
