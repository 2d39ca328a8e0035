-- Nothing but code of the same release has ever written it.
-- squawk-ignore ban-drop-column
ALTER TABLE "webhook_deliveries" DROP COLUMN "version";