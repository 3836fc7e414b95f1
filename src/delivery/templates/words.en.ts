import type { Words } from './words.js';

const IF_NOT_YOU = 'If this was not you, change your password at once and contact {issuer}.';

export const english: Words = {
  code: {
    subject: 'Your code for {issuer}',
    heading: 'Your code:',
    life: (minutes) => `It works once, within ${minutes === 1 ? 'one minute' : `${minutes} minutes`}, on {issuer}.`,
    advice:
      'Do not give it to anyone, not even to somebody who says they work for {issuer}. If you did not ask for this code, somebody knows your password: change it.',
    sms: (code, minutes) => `${code} is your {issuer} code. It works for ${minutes} min. Do not share it with anyone.`,
  },
  links: {
    'reset-password': {
      subject: 'Choose a new password',
      fact: 'Open this link to choose a new password for your account at {issuer}:',
      advice: 'If you did not ask for this, ignore this mail: your password stays as it is.',
    },
    'verify-email': {
      subject: 'Confirm your mail address',
      fact: 'Open this link to confirm that this address belongs to your account at {issuer}:',
      advice: 'If you have no account at {issuer}, ignore this mail.',
    },
    'change-email': {
      subject: 'Confirm your new mail address',
      fact: 'Open this link to use this address for your account at {issuer} from now on:',
      advice: 'If you did not ask for this, ignore this mail: nothing changes.',
    },
  },
  linkLife: (minutes) => `The link works once, within ${minutes} minutes.`,
  notices: {
    'two-factor-enabled': {
      subject: 'Two-factor authentication is on',
      fact: 'Two-factor authentication was turned on for your account at {issuer}. From now on signing in takes a second factor as well as your password.',
      advice: IF_NOT_YOU,
    },
    'two-factor-disabled': {
      subject: 'Two-factor authentication is off',
      fact: 'Two-factor authentication was turned off for your account at {issuer}. Your password alone is now enough to sign in.',
      advice: IF_NOT_YOU,
    },
    'method-added': {
      subject: 'A new second factor',
      fact: 'A new second factor was added to your account at {issuer}, such as a passkey or another way to receive codes.',
      advice: IF_NOT_YOU,
    },
    'method-removed': {
      subject: 'A second factor was removed',
      fact: 'A second factor was removed from your account at {issuer}. Devices that were trusted by it are not trusted any more.',
      advice: IF_NOT_YOU,
    },
    'clone-suspected': {
      subject: 'A passkey may have been copied',
      fact: 'A passkey of your account at {issuer} was refused, because it answered as a copy of it would. Nothing was changed.',
      advice: 'If you use that passkey on one device only, remove it from your account and register it again.',
    },
    'authenticator-replaced': {
      subject: 'Your authenticator was replaced',
      fact: 'A new authenticator was set up for your account at {issuer}. The old one and its backup codes no longer work.',
      advice: IF_NOT_YOU,
    },
    'backup-codes-replaced': {
      subject: 'Your backup codes were replaced',
      fact: 'New backup codes were made for your account at {issuer}. The old ones no longer work.',
      advice: IF_NOT_YOU,
    },
    'backup-code-used': {
      subject: 'A backup code was used',
      fact: 'A backup code was used to sign in to your account at {issuer}.',
      advice: IF_NOT_YOU,
    },
    'device-trusted': {
      subject: 'A device is now trusted',
      fact: 'From now on a device can sign in to your account at {issuer} with your password alone.',
      advice: 'If this was not you, remove the device from your trusted devices and change your password at once.',
      several: {
        subject: 'Devices are now trusted',
        fact: (times) =>
          `${times} devices were trusted for your account at {issuer}. They can sign in with your password alone.`,
      },
    },
    'device-reused': {
      subject: 'A trusted device was removed',
      fact: 'Somebody tried to sign in to your account at {issuer} with an outdated copy of what a trusted device of yours is recognised by, and with your password. The device is no longer trusted; signing in from it takes a code again.',
      advice:
        'Unless you restored that device from a backup, somebody copied data from it and knows your password: change it at once.',
    },
    'verification-locked': {
      subject: 'Too many wrong codes',
      fact: 'Too many wrong codes were entered for your account at {issuer}, so codes are not accepted for a while. Backup codes and trusted devices still work.',
      advice: 'If this was not you, somebody knows your password: change it.',
    },
    'password-changed': {
      subject: 'Your password was changed',
      fact: 'The password of your account at {issuer} was changed. No device is trusted any more.',
      advice: 'If this was not you, another person has your account: contact {issuer} at once.',
    },
    'email-change-requested': {
      subject: 'A new mail address was requested',
      fact: 'Your account at {issuer} is to get another mail address. It changes when the link that was sent to the new address is opened.',
      advice: IF_NOT_YOU,
    },
    'email-changed': {
      subject: 'Your mail address was changed',
      fact: 'Your account at {issuer} now has another mail address. Mails about it no longer come here.',
      advice: 'If this was not you, another person has your account: contact {issuer} at once.',
    },
  },
  again: (times) => `This happened ${times} times; this one mail tells of all of them.`,
  codesLeft: (left) =>
    left === 0
      ? 'It was the last one: make new ones now.'
      : `You have ${left === 1 ? 'one backup code' : `${left} backup codes`} left.`,
};
