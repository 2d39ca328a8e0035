import { pointRead } from '../../db/batch.ts'
import { places } from '../../db/schema/places.ts'
import { type ClientApp, newApp } from '../_shared/http/app.ts'
import { reply } from '../_shared/http/route.ts'
import type { Deps } from '../_shared/ports/deps.ts'
import * as changes from './changes.ts'
import * as collections from './collections.ts'
import * as contract from './contract.ts'
import * as collecting from './contract-collections.ts'
import * as exchange from './contract-exchange.ts'
import * as linking from './contract-links.ts'
import * as reading from './contract-reading.ts'
import * as suggesting from './contract-suggestions.ts'
import { exportHandler } from './exporting.ts'
import { importHandler } from './importing.ts'
import * as links from './links.ts'
import * as listing from './listing.ts'
import { placeColumnNames, toPlace } from './representation.ts'
import * as suggestions from './suggestions.ts'

/** Named points on the globe, and the documents that they have to do with. */
export const createApp = (deps: Deps) => {
  const readRow = pointRead(deps.db, { table: places, columns: placeColumnNames })
  return newApp(deps, { name: 'places', summary: 'Places on the globe, and their documents.' })
    .on(contract.createPlace, changes.createHandler(deps))
    .on(reading.listPlaces, listing.listHandler(deps))
    .on(reading.listNearest, listing.nearestHandler(deps))
    .on(exchange.importPlaces, importHandler(deps))
    .on(exchange.exportPlaces, exportHandler(deps))
    .on(suggesting.requestSuggestions, suggestions.requestHandler(deps))
    .on(suggesting.listSuggestions, suggestions.listHandler(deps))
    .on(suggesting.decideSuggestions, suggestions.decideManyHandler(deps))
    .on(suggesting.getSuggestion, suggestions.getHandler(deps))
    .on(suggesting.decideSuggestion, suggestions.decideHandler(deps))
    .on(collecting.listCollections, collections.listHandler(deps))
    .on(collecting.deleteCollection, collections.deleteHandler(deps))
    .on(reading.getPlace, async (c, { param }) => {
      const row = await readRow(c.tenantId, param.id)
      if (!row) throw changes.missing()
      return reply(200, toPlace(row), { version: row.version })
    })
    .on(contract.changePlace, changes.changeHandler(deps))
    .on(contract.deletePlace, changes.deleteHandler(deps))
    .on(linking.listPlaceDocuments, links.listHandler(deps, readRow))
    .on(linking.linkPlace, links.linkHandler(deps))
    .on(linking.unlinkPlace, links.unlinkHandler)
}

export type PlacesApp = ClientApp<ReturnType<typeof createApp>>
