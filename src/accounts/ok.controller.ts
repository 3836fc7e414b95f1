import { Controller, Get } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiProperty, ApiTags } from '@nestjs/swagger';

class OkAnswer {
  @ApiProperty({ example: true })
  readonly ok!: boolean;
}

@ApiTags('Accounts')
@Controller()
export class OkController {
  @Get('ok')
  @ApiOperation({ summary: 'Tells that the service answers', operationId: 'ok', security: [] })
  @ApiOkResponse({ description: 'It does', type: OkAnswer })
  ok(): OkAnswer {
    return { ok: true };
  }
}
