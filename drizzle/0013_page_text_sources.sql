ALTER TABLE "documents" DROP CONSTRAINT "documents_kind_is_known";--> statement-breakpoint
ALTER TABLE "document_pages" ADD COLUMN "confidences" "bytea";--> statement-breakpoint
ALTER TABLE "document_pages" ADD COLUMN "text_choice" text;--> statement-breakpoint
ALTER TABLE "document_pages" ADD COLUMN "text_reason" text;--> statement-breakpoint
ALTER TABLE "document_pages" ADD COLUMN "pending" boolean DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE "documents" ADD COLUMN "text_choice" text;--> statement-breakpoint
ALTER TABLE "documents" ADD COLUMN "text_reason" text;--> statement-breakpoint
ALTER TABLE "document_pages" ADD CONSTRAINT "document_pages_text_choice_is_known" CHECK ("document_pages"."text_choice" in ('text_layer', 'ocr', 'mixed'));--> statement-breakpoint
ALTER TABLE "document_pages" ADD CONSTRAINT "document_pages_text_reason_is_known" CHECK ("document_pages"."text_reason" in ('has_text', 'blank', 'image', 'no_text', 'garbled_text', 'little_text_and_a_large_image', 'nothing_recognized', 'ocr_off', 'over_ocr_page_limit', 'pages_differ'));--> statement-breakpoint
ALTER TABLE "document_pages" ADD CONSTRAINT "document_pages_text_source_is_whole" CHECK (("document_pages"."text_choice" is null) = ("document_pages"."text_reason" is null));--> statement-breakpoint
ALTER TABLE "document_pages" ADD CONSTRAINT "document_pages_confidences_are_of_words" CHECK (octet_length("document_pages"."confidences") * 24 = octet_length("document_pages"."words"));--> statement-breakpoint
ALTER TABLE "documents" ADD CONSTRAINT "documents_text_choice_is_known" CHECK ("documents"."text_choice" in ('text_layer', 'ocr', 'mixed'));--> statement-breakpoint
ALTER TABLE "documents" ADD CONSTRAINT "documents_text_reason_is_known" CHECK ("documents"."text_reason" in ('has_text', 'blank', 'image', 'no_text', 'garbled_text', 'little_text_and_a_large_image', 'nothing_recognized', 'ocr_off', 'over_ocr_page_limit', 'pages_differ'));--> statement-breakpoint
ALTER TABLE "documents" ADD CONSTRAINT "documents_text_source_is_whole" CHECK (("documents"."text_choice" is null) = ("documents"."text_reason" is null));--> statement-breakpoint
ALTER TABLE "documents" ADD CONSTRAINT "documents_kind_is_known" CHECK ("documents"."kind" in ('pdf', 'text', 'markdown', 'image'));