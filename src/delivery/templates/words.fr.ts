import type { Words } from './words.js';

const IF_NOT_YOU = 'Si ce n’était pas vous, changez votre mot de passe sans attendre et prévenez {issuer}.';

export const french: Words = {
  code: {
    subject: 'Votre code pour {issuer}',
    heading: 'Votre code :',
    life: (minutes) =>
      `Il est valable une seule fois, pendant ${minutes === 1 ? 'une minute' : `${minutes} minutes`}, sur {issuer}.`,
    advice:
      'Ne le donnez à personne, même à quelqu’un qui dit travailler pour {issuer}. Si vous n’avez pas demandé ce code, quelqu’un connaît votre mot de passe : changez-le.',
    sms: (code, minutes) => `${code} est votre code {issuer}. Valable ${minutes} min. Ne le donnez à personne.`,
  },
  links: {
    'reset-password': {
      subject: 'Choisissez un nouveau mot de passe',
      fact: 'Ouvrez ce lien pour choisir un nouveau mot de passe pour votre compte {issuer} :',
      advice: 'Si vous n’avez rien demandé, ignorez ce message : votre mot de passe ne change pas.',
    },
    'verify-email': {
      subject: 'Confirmez votre adresse e-mail',
      fact: 'Ouvrez ce lien pour confirmer que cette adresse est celle de votre compte {issuer} :',
      advice: 'Si vous n’avez pas de compte {issuer}, ignorez ce message.',
    },
    'change-email': {
      subject: 'Confirmez votre nouvelle adresse e-mail',
      fact: 'Ouvrez ce lien pour utiliser désormais cette adresse pour votre compte {issuer} :',
      advice: 'Si vous n’avez rien demandé, ignorez ce message : rien ne change.',
    },
  },
  linkLife: (minutes) => `Le lien ne sert qu’une fois, pendant ${minutes} minutes.`,
  notices: {
    'two-factor-enabled': {
      subject: 'L’authentification à deux facteurs est activée',
      fact: 'L’authentification à deux facteurs a été activée pour votre compte {issuer}. Pour vous connecter, il faut désormais un code en plus de votre mot de passe.',
      advice: IF_NOT_YOU,
    },
    'two-factor-disabled': {
      subject: 'L’authentification à deux facteurs est désactivée',
      fact: 'L’authentification à deux facteurs a été désactivée pour votre compte {issuer}. Votre mot de passe suffit désormais pour vous connecter.',
      advice: IF_NOT_YOU,
    },
    'method-added': {
      subject: 'Un nouveau second facteur',
      fact: 'Un nouveau second facteur a été ajouté à votre compte {issuer}, par exemple une clé d’accès ou un autre moyen de recevoir des codes.',
      advice: IF_NOT_YOU,
    },
    'method-removed': {
      subject: 'Un second facteur a été supprimé',
      fact: 'Un second facteur a été supprimé de votre compte {issuer}. Les appareils qui en dépendaient ne sont plus considérés comme fiables.',
      advice: IF_NOT_YOU,
    },
    'clone-suspected': {
      subject: 'Une clé d’accès a peut-être été copiée',
      fact: 'Une clé d’accès de votre compte {issuer} a été refusée, car elle a répondu comme le ferait une copie. Rien n’a été modifié.',
      advice:
        'Si vous n’utilisez cette clé d’accès que sur un seul appareil, supprimez-la de votre compte et enregistrez-la de nouveau.',
    },
    'authenticator-replaced': {
      subject: 'Votre application d’authentification a été remplacée',
      fact: 'Une nouvelle application d’authentification a été configurée pour votre compte {issuer}. L’ancienne et ses codes de secours ne fonctionnent plus.',
      advice: IF_NOT_YOU,
    },
    'backup-codes-replaced': {
      subject: 'Vos codes de secours ont été remplacés',
      fact: 'De nouveaux codes de secours ont été créés pour votre compte {issuer}. Les anciens ne fonctionnent plus.',
      advice: IF_NOT_YOU,
    },
    'backup-code-used': {
      subject: 'Un code de secours a été utilisé',
      fact: 'Un code de secours a servi à se connecter à votre compte {issuer}.',
      advice: IF_NOT_YOU,
    },
    'device-trusted': {
      subject: 'Un appareil est désormais de confiance',
      fact: 'Un appareil peut désormais se connecter à votre compte {issuer} avec votre seul mot de passe.',
      advice:
        'Si ce n’était pas vous, retirez cet appareil de vos appareils de confiance et changez votre mot de passe sans attendre.',
      several: {
        subject: 'Des appareils sont désormais de confiance',
        fact: (times) =>
          `${times} appareils sont devenus des appareils de confiance pour votre compte {issuer}. Ils peuvent se connecter avec votre seul mot de passe.`,
      },
    },
    'device-reused': {
      subject: 'Un appareil de confiance a été retiré',
      fact: 'Quelqu’un a essayé de se connecter à votre compte {issuer} avec votre mot de passe et une copie périmée de ce qui permet de reconnaître un de vos appareils de confiance. Cet appareil n’est plus de confiance : pour s’y connecter, il faut de nouveau un code.',
      advice:
        'Si vous n’avez pas restauré cet appareil à partir d’une sauvegarde, quelqu’un en a copié des données et connaît votre mot de passe : changez-le sans attendre.',
    },
    'verification-locked': {
      subject: 'Trop de codes erronés',
      fact: 'Trop de codes erronés ont été saisis pour votre compte {issuer}. Les codes sont donc refusés pendant un certain temps. Les codes de secours et les appareils de confiance fonctionnent toujours.',
      advice: 'Si ce n’était pas vous, quelqu’un connaît votre mot de passe : changez-le.',
    },
    'password-changed': {
      subject: 'Votre mot de passe a été changé',
      fact: 'Le mot de passe de votre compte {issuer} a été changé. Plus aucun appareil n’est de confiance.',
      advice: 'Si ce n’était pas vous, quelqu’un d’autre a accès à votre compte : prévenez {issuer} sans attendre.',
    },
    'email-change-requested': {
      subject: 'Une nouvelle adresse e-mail a été demandée',
      fact: 'Votre compte {issuer} doit recevoir une autre adresse e-mail. Elle changera dès que le lien envoyé à la nouvelle adresse sera ouvert.',
      advice: IF_NOT_YOU,
    },
    'email-changed': {
      subject: 'Votre adresse e-mail a été changée',
      fact: 'Votre compte {issuer} a désormais une autre adresse e-mail. Les messages qui le concernent n’arrivent plus ici.',
      advice: 'Si ce n’était pas vous, quelqu’un d’autre a accès à votre compte : prévenez {issuer} sans attendre.',
    },
  },
  again: (times) => `Cela s’est produit ${times} fois ; ce seul message vaut pour toutes.`,
  codesLeft: (left) =>
    left === 0
      ? 'C’était le dernier : créez-en de nouveaux dès maintenant.'
      : `Il vous reste ${left === 1 ? 'un code de secours' : `${left} codes de secours`}.`,
};
