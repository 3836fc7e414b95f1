import type { Words } from './words.js';

const IF_NOT_YOU = 'Si no ha sido usted, cambie su contraseña de inmediato y avise a {issuer}.';

export const spanish: Words = {
  code: {
    subject: 'Su código para {issuer}',
    heading: 'Su código:',
    life: (minutes) =>
      `Sirve una sola vez, durante ${minutes === 1 ? 'un minuto' : `${minutes} minutos`}, en {issuer}.`,
    advice:
      'No se lo dé a nadie, ni siquiera a quien diga trabajar para {issuer}. Si no ha pedido este código, alguien conoce su contraseña: cámbiela.',
    sms: (code, minutes) =>
      `${code} es su clave para {issuer}. Sirve durante ${minutes} min. No la comparta con nadie.`,
  },
  links: {
    'reset-password': {
      subject: 'Elija una contraseña nueva',
      fact: 'Abra este enlace para elegir una contraseña nueva para su cuenta de {issuer}:',
      advice: 'Si no lo ha pedido, ignore este mensaje: su contraseña no cambia.',
    },
    'verify-email': {
      subject: 'Confirme su dirección de correo',
      fact: 'Abra este enlace para confirmar que esta dirección es la de su cuenta de {issuer}:',
      advice: 'Si no tiene una cuenta de {issuer}, ignore este mensaje.',
    },
    'change-email': {
      subject: 'Confirme su nueva dirección de correo',
      fact: 'Abra este enlace para usar a partir de ahora esta dirección en su cuenta de {issuer}:',
      advice: 'Si no lo ha pedido, ignore este mensaje: no cambia nada.',
    },
  },
  linkLife: (minutes) => `El enlace sirve una sola vez, durante ${minutes} minutos.`,
  notices: {
    'two-factor-enabled': {
      subject: 'La verificación en dos pasos está activada',
      fact: 'Se ha activado la verificación en dos pasos de su cuenta de {issuer}. A partir de ahora necesitará un código, además de su contraseña, para iniciar sesión.',
      advice: IF_NOT_YOU,
    },
    'two-factor-disabled': {
      subject: 'La verificación en dos pasos está desactivada',
      fact: 'Se ha desactivado la verificación en dos pasos de su cuenta de {issuer}. Ahora basta la contraseña para iniciar sesión.',
      advice: IF_NOT_YOU,
    },
    'method-added': {
      subject: 'Un nuevo segundo factor',
      fact: 'Se ha añadido un nuevo segundo factor a su cuenta de {issuer}, como una llave de acceso u otra forma de recibir códigos.',
      advice: IF_NOT_YOU,
    },
    'method-removed': {
      subject: 'Se ha eliminado un segundo factor',
      fact: 'Se ha eliminado un segundo factor de su cuenta de {issuer}. Ya no se confía en los dispositivos que dependían de él.',
      advice: IF_NOT_YOU,
    },
    'clone-suspected': {
      subject: 'Es posible que se haya copiado una llave de acceso',
      fact: 'Se ha rechazado una llave de acceso de su cuenta de {issuer}, porque respondió como lo haría una copia. No se ha cambiado nada.',
      advice: 'Si usa esa llave de acceso en un solo dispositivo, elimínela de su cuenta y regístrela de nuevo.',
    },
    'authenticator-replaced': {
      subject: 'Se ha sustituido su aplicación de autenticación',
      fact: 'Se ha configurado una nueva aplicación de autenticación para su cuenta de {issuer}. La anterior y sus códigos de respaldo ya no sirven.',
      advice: IF_NOT_YOU,
    },
    'backup-codes-replaced': {
      subject: 'Se han sustituido sus códigos de respaldo',
      fact: 'Se han generado nuevos códigos de respaldo para su cuenta de {issuer}. Los anteriores ya no sirven.',
      advice: IF_NOT_YOU,
    },
    'backup-code-used': {
      subject: 'Se ha usado un código de respaldo',
      fact: 'Se ha usado un código de respaldo para iniciar sesión en su cuenta de {issuer}.',
      advice: IF_NOT_YOU,
    },
    'device-trusted': {
      subject: 'Un dispositivo es ahora de confianza',
      fact: 'A partir de ahora un dispositivo puede iniciar sesión en su cuenta de {issuer} solo con su contraseña.',
      advice:
        'Si no ha sido usted, quite el dispositivo de sus dispositivos de confianza y cambie su contraseña de inmediato.',
      several: {
        subject: 'Varios dispositivos son ahora de confianza',
        fact: (times) =>
          `${times} dispositivos han pasado a ser de confianza en su cuenta de {issuer}. Pueden iniciar sesión solo con su contraseña.`,
      },
    },
    'device-reused': {
      subject: 'Se ha quitado un dispositivo de confianza',
      fact: 'Alguien ha intentado iniciar sesión en su cuenta de {issuer} con su contraseña y con una copia antigua de aquello por lo que se reconoce uno de sus dispositivos de confianza. Ese dispositivo ya no es de confianza: para iniciar sesión con él vuelve a hacer falta un código.',
      advice:
        'Si no ha restaurado ese dispositivo a partir de una copia de seguridad, alguien ha copiado datos de él y conoce su contraseña: cámbiela de inmediato.',
    },
    'verification-locked': {
      subject: 'Demasiados códigos incorrectos',
      fact: 'Se han introducido demasiados códigos incorrectos para su cuenta de {issuer}, por lo que durante un tiempo no se aceptan códigos. Los códigos de respaldo y los dispositivos de confianza siguen funcionando.',
      advice: 'Si no ha sido usted, alguien conoce su contraseña: cámbiela.',
    },
    'password-changed': {
      subject: 'Se ha cambiado su contraseña',
      fact: 'Se ha cambiado la contraseña de su cuenta de {issuer}. Ningún dispositivo es ya de confianza.',
      advice: 'Si no ha sido usted, otra persona tiene acceso a su cuenta: avise a {issuer} de inmediato.',
    },
    'email-change-requested': {
      subject: 'Se ha pedido otra dirección de correo',
      fact: 'Se ha pedido otra dirección de correo para su cuenta de {issuer}. Cambiará cuando se abra el enlace enviado a la nueva dirección.',
      advice: IF_NOT_YOU,
    },
    'email-changed': {
      subject: 'Su dirección de correo ha cambiado',
      fact: 'Su cuenta de {issuer} tiene ahora otra dirección de correo. Los mensajes sobre ella ya no llegan aquí.',
      advice: 'Si no ha sido usted, otra persona tiene acceso a su cuenta: avise a {issuer} de inmediato.',
    },
  },
  again: (times) => `Esto ha ocurrido ${times} veces; este único mensaje vale por todas.`,
  codesLeft: (left) =>
    left === 0
      ? 'Era el último: genere otros nuevos ahora.'
      : `Le ${left === 1 ? 'queda un código' : `quedan ${left} códigos`} de respaldo.`,
};
