import type { Words } from './words.js';

const IF_NOT_YOU = 'Se não foi você, troque sua senha imediatamente e entre em contato com {issuer}.';

export const brazilianPortuguese: Words = {
  code: {
    subject: 'Seu código para {issuer}',
    heading: 'Seu código:',
    life: (minutes) =>
      `Ele vale uma única vez, por ${minutes === 1 ? 'um minuto' : `${minutes} minutos`}, em {issuer}.`,
    advice:
      'Não o informe a ninguém, nem a quem disser que trabalha para {issuer}. Se você não pediu este código, alguém sabe sua senha: troque-a.',
    sms: (code, minutes) =>
      `${code} confirma seu acesso a {issuer}. Vale por ${minutes} min. Nunca compartilhe com ninguém.`,
  },
  links: {
    'reset-password': {
      subject: 'Escolha uma nova senha',
      fact: 'Abra este link para escolher uma nova senha para sua conta em {issuer}:',
      advice: 'Se você não pediu isto, ignore esta mensagem: sua senha não muda.',
    },
    'verify-email': {
      subject: 'Confirme seu endereço de e-mail',
      fact: 'Abra este link para confirmar que este endereço é o da sua conta em {issuer}:',
      advice: 'Se você não tem uma conta em {issuer}, ignore esta mensagem.',
    },
    'change-email': {
      subject: 'Confirme seu novo endereço de e-mail',
      fact: 'Abra este link para usar este endereço na sua conta em {issuer} a partir de agora:',
      advice: 'Se você não pediu isto, ignore esta mensagem: nada muda.',
    },
  },
  linkLife: (minutes) => `O link vale uma única vez, por ${minutes} minutos.`,
  notices: {
    'two-factor-enabled': {
      subject: 'A verificação em duas etapas está ativada',
      fact: 'A verificação em duas etapas foi ativada na sua conta em {issuer}. A partir de agora, além da senha, será preciso um código para entrar.',
      advice: IF_NOT_YOU,
    },
    'two-factor-disabled': {
      subject: 'A verificação em duas etapas está desativada',
      fact: 'A verificação em duas etapas foi desativada na sua conta em {issuer}. Agora basta a senha para entrar.',
      advice: IF_NOT_YOU,
    },
    'method-added': {
      subject: 'Um novo segundo fator',
      fact: 'Um novo segundo fator foi adicionado à sua conta em {issuer}, como uma chave de acesso ou outra forma de receber códigos.',
      advice: IF_NOT_YOU,
    },
    'method-removed': {
      subject: 'Um segundo fator foi removido',
      fact: 'Um segundo fator foi removido da sua conta em {issuer}. Os dispositivos que dependiam dele não são mais confiáveis.',
      advice: IF_NOT_YOU,
    },
    'clone-suspected': {
      subject: 'Uma chave de acesso pode ter sido copiada',
      fact: 'Uma chave de acesso da sua conta em {issuer} foi recusada, porque respondeu como uma cópia responderia. Nada foi alterado.',
      advice: 'Se você usa essa chave de acesso em um único dispositivo, remova-a da sua conta e registre-a novamente.',
    },
    'authenticator-replaced': {
      subject: 'Seu aplicativo autenticador foi substituído',
      fact: 'Um novo aplicativo autenticador foi configurado na sua conta em {issuer}. O anterior e seus códigos de backup não valem mais.',
      advice: IF_NOT_YOU,
    },
    'backup-codes-replaced': {
      subject: 'Seus códigos de backup foram substituídos',
      fact: 'Novos códigos de backup foram gerados para sua conta em {issuer}. Os anteriores não valem mais.',
      advice: IF_NOT_YOU,
    },
    'backup-code-used': {
      subject: 'Um código de backup foi usado',
      fact: 'Um código de backup foi usado para entrar na sua conta em {issuer}.',
      advice: IF_NOT_YOU,
    },
    'device-trusted': {
      subject: 'Um dispositivo agora é confiável',
      fact: 'A partir de agora um dispositivo pode entrar na sua conta em {issuer} somente com a senha.',
      advice:
        'Se não foi você, remova o dispositivo da lista de dispositivos confiáveis e troque sua senha imediatamente.',
      several: {
        subject: 'Vários dispositivos agora são confiáveis',
        fact: (times) =>
          `${times} dispositivos passaram a ser confiáveis na sua conta em {issuer}. Eles podem entrar somente com a senha.`,
      },
    },
    'device-reused': {
      subject: 'Um dispositivo confiável foi removido',
      fact: 'Alguém tentou entrar na sua conta em {issuer} com a sua senha e uma cópia desatualizada daquilo pelo qual um dos seus dispositivos confiáveis é reconhecido. Esse dispositivo não é mais confiável: para entrar com ele será preciso novamente um código.',
      advice:
        'Se você não restaurou esse dispositivo a partir de um backup, alguém copiou dados dele e sabe sua senha: troque-a imediatamente.',
    },
    'verification-locked': {
      subject: 'Muitos códigos incorretos',
      fact: 'Muitos códigos incorretos foram digitados para sua conta em {issuer}; por isso, durante algum tempo os códigos não serão aceitos. Os códigos de backup e os dispositivos confiáveis continuam funcionando.',
      advice: 'Se não foi você, alguém sabe sua senha: troque-a.',
    },
    'password-changed': {
      subject: 'Sua senha foi trocada',
      fact: 'A senha da sua conta em {issuer} foi trocada. Nenhum dispositivo é mais confiável.',
      advice: 'Se não foi você, outra pessoa tem acesso à sua conta: entre em contato com {issuer} imediatamente.',
    },
    'email-change-requested': {
      subject: 'Foi pedido um novo endereço de e-mail',
      fact: 'Foi pedido outro endereço de e-mail para sua conta em {issuer}. Ele muda quando o link enviado ao novo endereço for aberto.',
      advice: IF_NOT_YOU,
    },
    'email-changed': {
      subject: 'Seu endereço de e-mail foi alterado',
      fact: 'Sua conta em {issuer} agora tem outro endereço de e-mail. As mensagens sobre ela não chegam mais aqui.',
      advice: 'Se não foi você, outra pessoa tem acesso à sua conta: entre em contato com {issuer} imediatamente.',
    },
  },
  again: (times) => `Isso aconteceu ${times} vezes; esta única mensagem vale por todas.`,
  codesLeft: (left) =>
    left === 0
      ? 'Era o último: gere novos agora.'
      : `${left === 1 ? 'Resta um código' : `Restam ${left} códigos`} de backup.`,
};
