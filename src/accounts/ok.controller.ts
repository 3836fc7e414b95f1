import { Controller, Get } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiProperty, ApiTags } from '@nestjs/swagger';

class OkResponse {
  @ApiProperty({ example: true })
  readonly ok!: boolean;
}

@ApiTags('Accounts')
@Controller()
export class OkController {
  @Get('ok')
  @ApiOperation({
    summary: 'Tells that the service answers',
    description: 'Asks no database. `GET /health` on the root of the host tells more.',
    operationId: 'ok',
    security: [],
  })
  @ApiOkResponse({ description: 'It does', type: OkResponse })
  ok(): OkResponse {
    return { ok: true };
  }
}
