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
    summary: 'Checks that the service answers',
    description: 'Does not use the database. Call `GET /health` at the root of the host for the state of all parts.',
    operationId: 'ok',
    security: [],
  })
  @ApiOkResponse({ description: 'The service answers', type: OkResponse })
  ok(): OkResponse {
    return { ok: true };
  }
}
